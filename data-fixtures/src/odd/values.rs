//! The pools that odd nights draw from.

/// Every odd night has some of these: alias and canonical form.
pub(super) const ALIASES: [(&str, &str); 11] = [
    ("K8s", "Kubernetes"),
    ("Golang", "Go"),
    ("NodeJS", "Node.js"),
    ("ＮＯＤＥ  JS", "Node.js"),
    ("ML", " Machine\u{a0}Learning "),
    ("power-bi", "Power BI"),
    ("dot\0net", ".NET"),
    ("Python3", "python"),
    ("C Sharp", "c#"),
    ("Cafe\u{301} Work", "CAFÉ OPS"),
    ("--", "Dashes"),
];

/// Spellings: several of one skill, short ones, ones of other scripts, ones without words.
pub(super) const SKILLS: [&str; 52] = [
    "Python",
    " PYTHON ",
    "Ｐｙｔｈｏｎ",
    "py\0thon",
    "python3",
    "C++",
    "Ｃ＋＋",
    "c#",
    "C Sharp",
    "C",
    "R",
    "r.",
    "Go",
    "GOLANG",
    "Node.js",
    "nodejs",
    "node\tjs",
    "NODE.JS.",
    "Machine Learning",
    "machine \u{3000} learning",
    "ml",
    "Power BI",
    "POWER-BI",
    "Café Ops",
    "cafe\u{301} ops",
    "cafe\u{301} work",
    "REST/API",
    "rest api",
    "SQL",
    "ｓｑｌ",
    "İstanbul",
    "Straße",
    "STRASSE",
    "ﬁnance",
    "Finance",
    "日本語",
    "हिन्दी",
    ".NET",
    "dotnet",
    "5G",
    "e.g.",
    "k8s",
    "Kubernetes",
    "CI/CD",
    "--",
    "dashes",
    "...",
    "",
    " \u{a0} ",
    "\0",
    "ΟΔΟΣ",
    "a skill of quite a few words",
];

pub(super) const FILLERS: [&str; 12] = [
    "rare",
    "less rare",
    "pythonic",
    "worked on",
    "Go",
    "c",
    "R.",
    "learning",
    "machine",
    "api/rest",
    "½",
    "of",
];
pub(super) const GAPS: [&str; 14] =
    [" ", " ", " ", ", ", "\n", "/", "-", ". ", "...", "\0", "\u{a0}", " (", ") ", "; "];

pub(super) const FAMILIES: [&str; 10] =
    ["backend", "backend", "backend", "backend", "data", "Backend", "data ", "qa\0", "qa", ""];
pub(super) const ROLES: [&str; 8] =
    ["backend", "data", "Backend", "data ", "q\0a", "ops", "backend\u{a0}", "x"];
pub(super) const BLANK_ROLES: [&str; 3] = ["", " ", "\0\t"];
pub(super) const CITIES: [&str; 15] = [
    "pune",
    "pune",
    "pune",
    "pune",
    "Pune ",
    "\u{a0}PUNE",
    "navi mumbai",
    "NAVI MUMBAI\0",
    "remote",
    "-",
    "",
    " ",
    "İzmir",
    "ben\0galuru",
    "Bengaluru",
];
pub(super) const COMPANIES: [&str; 7] = ["acme", "acme", "globex", "Acme", "acme ", "ac\0me", ""];
pub(super) const MODES: [&str; 9] =
    ["remote", "remote", "hybrid", "onsite", "Remote ", "ON\0SITE", "on-site", "anywhere", ""];
pub(super) const LEVELS: [&str; 14] = [
    "intern",
    "junior",
    "mid",
    "mid",
    "senior",
    "lead",
    "entry",
    "not_specified",
    " Mid",
    "LEAD\0",
    "wizard",
    "",
    "Entry",
    "Not_Specified",
];
pub(super) const TENTHS: [i64; 18] =
    [-1, 0, 1, 9, 10, 25, 30, 40, 45, 60, 65, 100, 101, 400, 520, 605, 700, 9_999];
pub(super) const LPA: [i64; 14] =
    [-500, 0, 1, 50, 600, 605, 610, 1_200, 1_200, 1_500, 1_855, 2_000, 4_000, 999_999];
