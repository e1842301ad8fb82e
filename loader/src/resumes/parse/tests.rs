//! What is no sound resume, row by row, and what it costs.

use super::*;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

const USER: Uuid = [0xab; 16];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn parse(packed: &[u8]) -> Result<Facts, &'static str> {
    let mut names = Dictionary::default();
    for skill in ["python", "react", "machine learning"] {
        names.intern(skill);
    }
    let aliases = AliasTable::new([("react js", "react")]).unwrap();
    let search = SkillSearch::new(&names, &aliases);
    let large = Mutex::default();
    let lookup =
        Lookup { names, num_tonight: 2, aliases: &aliases, search, large, for_cache: true };
    let mut scratch = Scratch { packed: packed.to_vec(), ..Scratch::default() };
    scratch.parse(&USER, &lookup)
}

#[track_caller]
fn refused(json: &str) -> &'static str {
    parse(&gzip(json.as_bytes())).unwrap_err()
}

#[track_caller]
fn read(json: &str) -> Facts {
    parse(&gzip(json.as_bytes())).unwrap()
}

#[test]
fn listed_and_said_skills_count() {
    let facts = read(
        r#"{"user_id": "ABABABAB-abab-abab-abab-abababababab", "other": [[{}]],
            "skills": ["PYTHON", 7, null, ["x"], "cooking"], "experience_years": 4.25,
            "seniority_level": " Mid ", "raw_text": "React\nJS \u0026 machine learning"}"#,
    );
    assert_eq!(facts.known, [0, 1, 2]);
    assert_eq!(facts.unknown, ["cooking"]);
    assert_eq!(facts.experience_tenths, Some(43));
    assert_eq!(facts.level, Some(UserLevel::Mid));
    assert!(facts.faults.is_empty());
    assert_eq!(facts.features(2).skills, [SkillNo(0), SkillNo(1)]);
}

#[test]
fn what_is_missing_is_unknown() {
    assert_eq!(read("{}"), Facts::default());
    let nulls = r#"{"user_id": null, "skills": null, "experience_years": null,
                    "seniority_level": null, "raw_text": null}"#;
    assert_eq!(read(nulls), Facts::default());
}

#[test]
fn impossible_experience_is_counted() {
    for (years, kind) in [
        ("-1", "resume_experience_negative"),
        ("1000", "resume_experience_too_large"),
        ("1e300", "resume_experience_too_large"),
    ] {
        let facts = read(&format!(r#"{{"experience_years": {years}}}"#));
        assert_eq!((facts.experience_tenths, facts.faults), (None, vec![kind]), "{years}");
    }
    assert_eq!(read(r#"{"experience_years": 0}"#).experience_tenths, Some(0));
}

#[test]
fn other_shapes_are_unreadable() {
    for json in [
        "",
        "[]",
        "{",
        "{} {}",
        "\u{feff}{}",
        r#"{"skills": "Python"}"#,
        r#"{"experience_years": "4"}"#,
        r#"{"experience_years": NaN}"#,
        r#"{"experience_years": 1e400}"#,
        r#"{"seniority_level": 3}"#,
        r#"{"raw_text": ["x"]}"#,
        r#"{"raw_text": "\ud800"}"#,
        r#"{"skills": [], "skills": []}"#,
    ] {
        assert_eq!(refused(json), "resume_json_damaged", "{json}");
    }
    assert_eq!(refused(&format!(r#"{{"x": {}"#, "[".repeat(10_000))), "resume_json_damaged");
    let invalid_utf8 = gzip(b"{\"raw_text\": \"\xff\"}");
    assert_eq!(parse(&invalid_utf8), Err("resume_json_damaged"));
}

#[test]
fn a_resume_of_another_user_is_unreadable() {
    for id in ["00000000-abab-abab-abab-abababababab", "", "me"] {
        assert_eq!(refused(&format!(r#"{{"user_id": "{id}"}}"#)), "resume_of_another_user");
    }
}

#[test]
fn a_gzip_cut_anywhere_is_unreadable() {
    let packed = gzip(br#"{"skills": ["python"]}"#);
    for end in 0..packed.len() {
        assert!(parse(&packed[..end]).is_err(), "{end}");
    }
}

#[test]
fn a_flipped_bit_is_noticed_or_means_nothing() {
    let packed = gzip(br#"{"skills": ["python"]}"#);
    let whole = parse(&packed);
    let mut num_noticed = 0;
    for at in 0..8 * packed.len() {
        let mut flipped = packed.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        let result = parse(&flipped);
        num_noticed += usize::from(result.is_err());
        // The header's time and system, and the bits that fill up the last byte of data.
        assert!(result.is_err() || result == whole, "bit {at}");
    }
    assert!(num_noticed > 4 * packed.len());
}

#[test]
fn members_are_read_together() {
    let mut packed = gzip(br#"{"skills": ["#);
    packed.extend(gzip(br#""python"]}"#));
    assert_eq!(parse(&packed).unwrap().known, [0]);
    packed.extend(b"\0");
    assert_eq!(parse(&packed), Err("resume_gzip_damaged"));
}

#[test]
fn a_bomb_is_not_inflated() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..1 << 10 {
        gzip.write_all(&zeros).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    assert_eq!(parse(&bomb), Err("resume_too_large"));
}

/// Nearly every file takes the short way; whatever it takes is what the long way gives.
#[test]
fn the_short_way_gives_what_the_long_way_gives() {
    let mut inflate = Decompress::new(false);
    let mut taken = 0;
    for (number, length) in [0, 1, 7, 300, 2_600, 70_000, 70_001].into_iter().enumerate() {
        let text: Vec<u8> = (0..length).map(|at: u64| (at * at / 7 % 251) as u8).collect();
        let packed = gzip(&text);
        let mut json = vec![9; 5];
        if unpack_one_member(&packed, &mut inflate, &mut json).is_some() {
            assert_eq!(json, text);
            taken += 1;
        }
        for cut in [1, 4, 8, 9, packed.len() / 2] {
            let cut = &packed[..packed.len() - cut];
            assert_eq!(unpack_one_member(cut, &mut inflate, &mut json), None, "{number}");
        }
        let twice = [packed.as_slice(), packed.as_slice()].concat();
        assert_eq!(unpack_one_member(&twice, &mut inflate, &mut json), None, "{number}");
    }
    assert_eq!(taken, 7);
}

/// Bytes, and what becomes of them.
#[track_caller]
fn assert_refused(name: &str, packed: &[u8], want: &str) {
    assert_eq!(parse(packed).map(|facts| facts.known), Err(want), "{name}");
}

#[test]
fn what_is_no_gzip_is_damaged() {
    let json = br#"{"skills": ["python"]}"#;
    let sound = gzip(json);
    let (body, trailer) = sound.split_at(sound.len() - 8);
    let changed = |at: usize| {
        let mut trailer = trailer.to_vec();
        trailer[at] ^= 0x40;
        [body, &trailer].concat()
    };
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(json).unwrap();
    let zstd = [&[0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0xb1, 0x00, 0x00][..], json].concat();
    let rows: [(&str, Vec<u8>); 11] = [
        ("an empty file", Vec::new()),
        ("ten bytes", sound[..10].to_vec()),
        ("a wrong CRC", changed(0)),
        ("a wrong size", changed(4)),
        ("a wrong size, by 2^30", changed(7)),
        ("garbage behind", [&sound[..], b"garbage"].concat()),
        ("half a member behind", [&sound[..], &sound[..12]].concat()),
        ("plain JSON", json.to_vec()),
        ("zlib", zlib.finish().unwrap()),
        ("zstd", zstd),
        ("another method", [&[0x1f, 0x8b, 7], &sound[3..]].concat()),
    ];
    for (name, packed) in rows {
        assert_refused(name, &packed, "resume_gzip_damaged");
    }
}

#[test]
fn what_unpacks_to_something_else_is_no_json() {
    let mut nested = br#"{"skills": ["python"]}"#.to_vec();
    for _ in 0..10 {
        nested = gzip(&nested);
    }
    let utf16 = |bom: [u8; 2], unit: fn(u16) -> [u8; 2]| {
        gzip(&[&bom[..], &"{}".encode_utf16().flat_map(unit).collect::<Vec<_>>()].concat())
    };
    // As many as fit into the most that a file may be.
    let empty = gzip(b"");
    let members = empty.repeat(MAX_PACKED_BYTES as usize / empty.len());
    let rows: [(&str, Vec<u8>); 8] = [
        ("gzip in gzip", nested),
        ("nothing but empty members", members),
        ("two objects in two members", [gzip(b"{}"), gzip(b"{}")].concat()),
        ("UTF-16, low byte first", utf16([0xff, 0xfe], u16::to_le_bytes)),
        ("UTF-16, high byte first", utf16([0xfe, 0xff], u16::to_be_bytes)),
        ("a NUL behind", gzip(b"{}\0")),
        ("a NUL in a text as it is", gzip(b"{\"raw_text\": \"a\0b\"}")),
        ("10,000 lists in a list of skills", {
            gzip(format!("{{\"skills\": [{}", "[".repeat(10_000)).as_bytes())
        }),
    ];
    for (name, packed) in rows {
        assert_refused(name, &packed, "resume_json_damaged");
    }
}

/// However much there would be, little is kept.
#[test]
fn too_much_is_cut_off_and_counted() {
    let skills = |skills: &str| read(&format!(r#"{{"skills": [{skills}], "raw_text": "react"}}"#));
    let million = skills(&format!("{}\"python\"", "\"x\",".repeat(1_000_000)));
    assert_eq!(million.known, [1]);
    assert_eq!(million.unknown, ["x"]);
    assert_eq!(million.faults, ["resume_skills_above_500"]);
    let last = skills(&format!("{}\"python\"", "\"x\",".repeat(MAX_SKILLS - 1)));
    assert_eq!((last.known, last.faults), (vec![0, 1], vec![]));
    let long = skills(&format!("\"{}\", \"python\"", "x".repeat(8 << 20)));
    assert_eq!((long.known, long.unknown), (vec![0, 1], vec![]));
    assert_eq!(long.faults, ["resume_skill_too_long"]);
    let longest = "x".repeat(MAX_SKILL_BYTES);
    assert_eq!(skills(&format!("\"{longest}\"")).unknown, [longest]);
    let all = read(&format!(
        r#"{{"skills": ["{}" {}], "experience_years": -1}}"#,
        "y".repeat(201),
        ", \"x\"".repeat(501)
    ));
    assert_eq!(
        all.faults,
        ["resume_skills_above_500", "resume_skill_too_long", "resume_experience_negative"]
    );
}

#[test]
fn what_is_odd_and_says_something_all_the_same() {
    for (json, known) in [
        (r#"{"unknown": {"deep": [[[1]]]}, "skills": ["python"]}"#, &[0][..]),
        (r#"{"skills": ["py\u0000thon", "\u0000"]}"#, &[0]),
        (r#"{"skills": [7, null, ["python"], {"python": 1}, "react"]}"#, &[1]),
        (r#"{"unknown": "\ud83d\ude00", "raw_text": "\ud83d\ude00 python"}"#, &[0]),
        (r#"{"unknown": 1, "unknown": 2, "raw_text": "python"}"#, &[0]),
        (" \n{\"raw_text\": \"python\"}\n ", &[0]),
    ] {
        let facts = read(json);
        assert_eq!(facts.known, known, "{json}");
        assert!(facts.faults.is_empty(), "{json}");
    }
}
