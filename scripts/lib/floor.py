"""Times psql and gzip against talvix: the inner part of scripts/floor, which says what it does."""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

AS_OF = "2026-11-16T17:00:00Z"

# What a night reads: the filters and columns of loader/src/tables.rs.
READ = [
    """select id, company_canonical, city_canonical, work_mode, seniority_level, role_family,
       salary_min_lpa, salary_max_lpa, exp_min_years, exp_max_years, posted_at, is_new, is_active,
       jd_cleaned, xmin from jobs where is_active and jd_cleaned and role_family is not null""",
    "select job_id, skill_name, skill_type from job_skills",
    """select id, tier, city_canonical, cities_preferred, work_modes_preferred, expected_salary_lpa,
       experience_years, fit_scores_stale, skill_gap_stale, career_intel_stale, dashboard_ready,
       xmin from users""",
    "select id, user_id, role_family, priority from user_target_roles",
    "select user_id, company_canonical, pref_type from user_company_prefs",
    """select user_id, parse_status, is_primary, xmin from resumes
       where is_primary and parse_status = 'done'""",
    "select user_id, last_scrape_run_id, last_scored_at from user_fit_score_cursors",
]


def say(text):
    print(text, file=sys.stderr, flush=True)


class Server:
    """The private server, and databases on it."""

    def __init__(self, psql, url):
        self.psql_program = psql
        self.url = url

    def database_url(self, database):
        return f"{self.url}/{database}"

    def psql(self, database, *commands):
        """Runs commands, and returns the seconds that it took."""
        command = [self.psql_program, "-qAtX", "-v", "ON_ERROR_STOP=1"]
        command += [self.database_url(database)]
        for one in commands:
            command += ["-c", " ".join(one.split())]
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began

    def copy_out(self, database):
        return self.psql(
            database, *(rf"\copy ({select}) to '/dev/null' (format binary)" for select in READ)
        )

    def copy(self, database, template):
        """Makes a database as `template` is, with its pages read and no checkpoint waiting."""
        self.drop(database)
        self.psql("postgres", f"create database {database} template {template}")
        self.copy_out(database)
        self.psql(database, "checkpoint")

    def drop(self, database):
        self.psql("postgres", "set client_min_messages = error",
                  f"drop database if exists {database}")


class Storage:
    """A storage folder, whose models and caches can be put back as they were."""

    def __init__(self, folder):
        self.folder = folder
        self.kept = folder.with_name(folder.name + ".kept")

    def keep(self):
        """Remembers all but the resumes."""
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.folder, self.kept, ignore=shutil.ignore_patterns("parsed-resumes"))

    def put_back(self):
        for path in self.folder.iterdir():
            if path.name != "parsed-resumes":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.kept, self.folder, dirs_exist_ok=True)

    def unpack(self):
        """Seconds that `gzip -dc` takes for every resume; damaged ones are left out by gzip."""
        began = time.monotonic()
        find = subprocess.Popen(
            ["find", self.folder / "parsed-resumes", "-name", "*.gz", "-print0"],
            stdout=subprocess.PIPE,
        )
        subprocess.run(
            ["xargs", "-0", "-n", "5000", "gzip", "-dc"],
            stdin=find.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        find.wait()
        return time.monotonic() - began


class Talvix:
    def __init__(self, program, server):
        self.program = program
        self.server = server

    def run(self, *arguments):
        done = subprocess.run(
            [self.program, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def night(self, database, storage, *arguments, as_of=AS_OF):
        """A night's report, with its seconds from start to end of the process as `wall`."""
        began = time.monotonic()
        report = self.run(
            "run", "--database-url", self.server.database_url(database), "--storage",
            storage.folder, "--as-of", as_of, "--json", "--quiet", *arguments,
        )
        return json.loads(report) | {"wall": time.monotonic() - began}


def prepare(options, server, talvix):
    """Three databases to copy: before the first night, after it, and before the next one."""
    say("== Making the data")
    data = options.work / "fixtures"
    url = server.database_url("before")
    server.psql("postgres", "create database before")
    talvix.run("schema", "apply", "--database-url", url)
    talvix.run("fixtures", data, "--database-url", url, "--jobs", options.jobs, "--users",
               options.users, "--paid-share", options.paid_share, "--nights", 2)
    server.psql("before", "vacuum analyze")
    storage = Storage(data / "storage")
    storage.keep()

    say("== The first night, for its rows")
    server.copy("after", "before")
    talvix.night("after", storage)
    server.psql("after", "vacuum analyze")
    rows = options.work / "rows.bin"
    server.psql("after", rf"\copy (select * from job_fit_scores order by user_id, fit_score desc)"
                rf" to '{rows}' (format binary)")

    say("== What changes before the next night")
    next_data = options.work / "next"
    next_data.mkdir()
    subprocess.run(["cp", "-a", data / "storage", next_data / "storage"], check=True)
    server.psql("postgres", "create database next template after")
    # A copied file counts as touched: one night gets to know the copies, as the nights before would
    # have.
    server.copy("work", "after")
    talvix.night("work", Storage(next_data / "storage"), "--mode", "full")
    said = talvix.run("fixtures", next_data, "--database-url", server.database_url("next"),
                      "--apply-night", data / "nights" / "night-02.jsonl")
    server.psql("next", "vacuum analyze")
    say(said.strip())
    after = Storage(next_data / "storage")
    after.keep()
    return storage, after, rows


def measure(server, talvix, storage, after, rows):
    """One round: seconds of the floor, and the reports of the nights."""
    floor, nights = {}, {}
    server.copy("work", "before")
    floor["copy out"] = server.copy_out("work")
    floor["unpack"] = storage.unpack()
    floor["copy in"] = server.psql("work", rf"\copy job_fit_scores from '{rows}' (format binary)")

    server.copy("work", "before")
    storage.put_back()
    nights["full"] = talvix.night("work", storage)
    # On what this night has left, model and caches included.
    server.psql("work", "vacuum analyze", "checkpoint")
    nights["nothing new"] = talvix.night("work", storage)
    nights["full again"] = talvix.night("work", storage, "--mode", "full")

    server.copy("work", "next")
    after.put_back()
    nights["new jobs"] = talvix.night("work", after, as_of="2026-11-17T17:00:00Z")
    server.drop("work")
    return floor, nights


def table(rounds):
    """The medians of all rounds, as lines."""
    def median(value):
        return statistics.median(value(*one) for one in rounds)

    def phase(night, name):
        return median(lambda floor, nights: nights[night]["seconds"][name])

    floor = median(lambda floor, nights: sum(floor.values()))
    full = median(lambda floor, nights: nights["full"]["wall"])
    yield f"{'':24}{'seconds':>9}"
    for name in rounds[0][0]:
        yield f"{name:24}{median(lambda floor, nights: floor[name]):9.2f}"
    yield f"{'floor: the sum':24}{floor:9.2f}"
    yield ""
    head = ["night", "seconds", "load", "pin", "score", "write", "MB", "rows kept", "written",
            "of floor", "of full"]
    yield f"{head[0]:12}" + "".join(f"{name:>11}" for name in head[1:])
    for name in rounds[0][1]:
        wall = median(lambda floor, nights: nights[name]["wall"])
        rows = rounds[0][1][name]["rows"]
        cells = [f"{wall:.2f}"]
        cells += [f"{phase(name, part):.2f}" for part in ("load", "pin", "score", "write")]
        memory = median(lambda floor, nights: nights[name]["peak_rss_bytes"])
        cells += [f"{memory / 1e6:.0f}", rows["kept"], rows["inserted"] + rows["updated"]]
        cells += [f"{wall / floor:.2f}", f"{wall / full:.3f}"]
        yield f"{name:12}" + "".join(f"{cell:>11}" for cell in cells)


def main():
    parser = argparse.ArgumentParser(prog="scripts/floor")
    parser.add_argument("--talvix", required=True)
    parser.add_argument("--psql", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=227_000)
    parser.add_argument("--users", type=int, default=103_000)
    parser.add_argument("--paid-share", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    server = Server(options.psql, options.server)
    talvix = Talvix(options.talvix, server)
    storage, after, rows = prepare(options, server, talvix)
    rounds = []
    for number in range(1, options.rounds + 1):
        say(f"== Round {number} of {options.rounds}")
        rounds.append(measure(server, talvix, storage, after, rows))
        floor, nights = rounds[-1]
        seconds = floor | {name: night["wall"] for name, night in nights.items()}
        say(", ".join(f"{name} {value:.2f} s" for name, value in seconds.items()))
    say("")
    for line in table(rounds):
        print(line)


if __name__ == "__main__":
    main()
