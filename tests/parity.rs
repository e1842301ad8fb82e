//! The same night gives the same rows: on PostgreSQL, on a dataset directory and on anybody's
//! Parquet, for any number of threads and any size of chunks.

mod support;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, FixedSizeBinaryArray, Int64Array, RecordBatch,
        StringArray, StructArray,
    },
    compute::{cast, concat_batches},
    datatypes::{DataType, Field, Schema, TimeUnit},
};
use fs_err as fs;
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};
use support::{
    Data, Db, Place, aliases, assert_rows, canonical, expected_scores, night, score_rows, sorted,
    time,
};
use talvix_fixtures::{
    generate::{Dirt, Options, generate},
    nights::{self, Change, Night, NightOptions},
    oracle::{Model, Weights},
    tables::{CursorRow, JobRow, Tables},
};
use uuid::Uuid;

/// 2026-11-16T17:00:00Z, a Monday in India.
const FIRST_US: i64 = 1_794_848_400_000_000;

const THREADS: [&str; 3] = ["1", "2", "7"];
/// With so many connections, where there are some.
const CONNECTIONS: [&str; 3] = ["1", "3", "2"];
const CHUNKS: [&str; 3] = ["1", "7", "5000"];

fn options() -> NightOptions {
    let base = Options {
        jobs: 1_500,
        users: 300,
        paid_share: 0.3,
        as_of_us: FIRST_US,
        dirt: Dirt::Database,
        ..Options::default()
    };
    NightOptions { changed_users_per_mille: 100, ..NightOptions::new(base) }
}

/// Everything that a place holds, but for ids and times of insertion.
fn masked(place: &dyn Place) -> Tables {
    let mut tables = sorted(place.tables());
    for row in &mut tables.job_fit_scores {
        (row.id, row.created_at) = (Uuid::nil(), 0);
    }
    for row in &mut tables.user_fit_score_cursors {
        row.updated_at = 0;
    }
    for row in &mut tables.agent_logs {
        (row.id, row.created_at) = (Uuid::nil(), 0);
    }
    tables.agent_logs.sort_by(|a, b| (&a.agent_name, &a.status).cmp(&(&b.agent_name, &b.status)));
    tables
}

/// What a first night must leave, by the oracle and by the rules of the finish.
fn after_first_night(before: &Tables) -> Vec<String> {
    let model = Model::pin(before, &aliases(), Weights::from_rows(&before.model_weights));
    let scored = model.full_scan(before, &aliases(), FIRST_US, None).prefiltered;
    let completed = before.scrape_runs.iter().filter(|run| run.completed_at.is_some());
    let newest = completed.max_by_key(|run| run.started_at).map(|run| run.id);

    let mut after = before.clone();
    for job in &mut after.jobs {
        job.is_new &= !(job.is_active && job.jd_cleaned && job.role_family.is_some());
    }
    for user in after.users.iter_mut().filter(|user| scored.contains_key(&user.id)) {
        user.fit_scores_stale = false;
        user.dashboard_ready |= !user.skill_gap_stale && !user.career_intel_stale;
        after.user_fit_score_cursors.push(CursorRow {
            user_id: user.id,
            last_scrape_run_id: newest,
            last_scored_at: Some(FIRST_US),
            updated_at: 0,
        });
    }
    for run in &mut after.scrape_runs {
        run.scoring_complete |= run.completed_at.is_some();
    }
    let mut lines = canonical(&after);
    lines.extend(expected_scores(before, &model, FIRST_US));
    lines.sort_unstable();
    lines
}

/// The second night of the tables as they are after the first.
fn second_night(after_first: &Tables) -> Night {
    nights::night(after_first, 2, &options())
}

#[test]
fn threads_chunks_and_places_give_the_same_rows() {
    let tables = generate(&options().base);
    let first = after_first_night(&tables);
    let scores = first.iter().filter(|line| line.starts_with("score ")).count();
    assert!(scores > 1_000, "{scores} rows prove little");

    let of_threads = |threads: &'static str, connections: &'static str| {
        CHUNKS.map(|chunk| {
            ["--threads", threads, "--chunk-users", chunk, "--connections", connections]
        })
    };
    let ways: Vec<[&str; 6]> = THREADS
        .iter()
        .zip(CONNECTIONS)
        .flat_map(|(threads, connections)| of_threads(threads, connections))
        .collect();
    // Two nights at one place, each held against what the first way of all left.
    let two_nights = |place: &dyn Place, way: &[&str], what: &str| {
        night(place, &time(FIRST_US), way);
        let one = masked(place);
        assert_rows(&canonical(&one), &first, &format!("night 1 {what}"));
        let second = second_night(&one);
        place.apply(&second.changes);
        let report = night(place, &time(second.as_of_us), way);
        assert!(report["users"]["delta"].as_u64() > report["users"]["full"].as_u64(), "{report}");
        (one, masked(place))
    };
    let at = |kind: &str, make: &dyn Fn() -> Box<dyn Place>| {
        let mut history = None;
        for way in &ways {
            let what = format!("{kind} {way:?}");
            let place = make();
            let found = two_nights(place.as_ref(), way, &what);
            let (one, two) = history.get_or_insert_with(|| found.clone());
            assert_rows(&canonical(&found.1), &canonical(two), &format!("night 2 {what}"));
            assert!(found.0 == *one && found.1 == *two, "{what}: another column differs");
        }
        history.unwrap()
    };
    let (in_database, in_dataset) = std::thread::scope(|scope| {
        let in_dataset = scope.spawn(|| at("dataset", &|| Box::new(Data::new(&tables))));
        let in_database = at("database", &|| Box::new(Db::new(&tables)));
        (in_database, in_dataset.join().unwrap())
    });
    assert_rows(&canonical(&in_dataset.1), &canonical(&in_database.1), "night 2 of both");
    assert!(in_dataset == in_database, "a column that no night decides differs");
}

/// The tables that a dataset holds, with their files.
fn files(data: &Data) -> BTreeMap<String, std::path::PathBuf> {
    let users = data.table("users");
    let entries = fs::read_dir(users.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect()
}

fn read(path: &Path) -> RecordBatch {
    let file = fs::File::open(path).unwrap().into_parts().0;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn write(path: &Path, batch: &RecordBatch) {
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// A column as other people's programs write it; what comes every other way goes by `nth`.
fn foreign(nth: usize, field: &Field, values: &ArrayRef) -> (Field, ArrayRef) {
    let named =
        |data_type: &DataType| Field::new(field.name(), data_type.clone(), field.is_nullable());
    let is_id = field.name() == "id" || field.name().ends_with("_id");
    if is_id && matches!(field.data_type(), DataType::Utf8) {
        let ids: Vec<Option<Uuid>> =
            values.as_string::<i32>().iter().map(|id| id.map(|id| id.parse().unwrap())).collect();
        let bytes = ids.iter().map(|id| id.as_ref().map(Uuid::as_bytes));
        let fixed =
            |bytes| FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes, 16).unwrap();
        return match nth % 3 {
            0 => {
                let extension = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
                let field = named(&DataType::FixedSizeBinary(16));
                (field.with_metadata([extension].into()), Arc::new(fixed(bytes)) as ArrayRef)
            }
            1 => (named(&DataType::FixedSizeBinary(16)), Arc::new(fixed(bytes)) as ArrayRef),
            _ => {
                let bytes: BinaryArray = bytes.map(|id| id.map(|id| &id[..])).collect();
                (named(&DataType::Binary), Arc::new(bytes) as ArrayRef)
            }
        };
    }
    let data_type = match field.data_type() {
        DataType::Utf8 => match nth % 3 {
            0 => DataType::LargeUtf8,
            1 => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            _ => DataType::Utf8View,
        },
        DataType::List(item) => DataType::LargeList(item.clone()),
        DataType::Int32 if nth.is_multiple_of(2) => DataType::Int64,
        DataType::Int32 | DataType::Decimal128(..) => DataType::Float64,
        DataType::Date32 => DataType::Date64,
        DataType::Timestamp(..) if nth.is_multiple_of(2) => {
            DataType::Timestamp(TimeUnit::Millisecond, None)
        }
        DataType::Timestamp(..) => {
            DataType::Timestamp(TimeUnit::Millisecond, Some("Asia/Kolkata".into()))
        }
        other => other.clone(),
    };
    (named(&data_type), cast(values, &data_type).unwrap())
}

/// A plain folder with the rows of another dataset in other types, each row with a note and with
/// what no program but its writer's knows, and a table that is no business of ours.
fn foreign_copy(data: &Data) -> Data {
    let copy = Data::new(&Tables::default());
    for (table, path) in files(data) {
        let batch = read(&path);
        let (mut fields, mut columns): (Vec<_>, Vec<_>) = (batch.schema().fields().iter())
            .zip(batch.columns())
            .enumerate()
            .map(|(nth, (field, values))| foreign(nth, field, values))
            .unzip();
        let notes: StringArray =
            (0..batch.num_rows()).map(|row| Some(format!("{table} {row}"))).collect();
        let numbers = Int64Array::from_iter_values(0..batch.num_rows() as i64);
        let number = Arc::new(Field::new("number", DataType::Int64, false));
        let more = StructArray::from(vec![(number, Arc::new(numbers) as ArrayRef)]);
        // In front, so that no column is where ours would be.
        fields.insert(0, Field::new("note", DataType::Utf8, true));
        columns.insert(0, Arc::new(notes));
        fields.push(Field::new("more", more.data_type().clone(), true));
        columns.push(Arc::new(more));
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        write(&copy.dir().join(format!("{table}.parquet")), &batch);
    }
    let more = read(&copy.dir().join("users.parquet"));
    write(&copy.dir().join("user_connections.parquet"), &more);
    copy_folder(&data.storage(), &copy.storage());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The columns of a table that a night decides.
fn decided(table: &str) -> &'static [&'static str] {
    match table {
        "jobs" => &["is_new"],
        "users" => &["fit_scores_stale", "dashboard_ready"],
        "scrape_runs" => &["scoring_complete"],
        "user_fit_score_cursors" => &["last_scrape_run_id", "last_scored_at", "updated_at"],
        _ => &[],
    }
}

/// Runs a night on a foreign copy: its rows are those of the dataset after the same night, and
/// what a night has no business with is carried through. Says how many notes on stored scores
/// were still there.
fn foreign_night(data: &Data, as_of_us: i64, what: &str) -> usize {
    let copy = foreign_copy(data);
    let before: BTreeMap<String, (Vec<u8>, RecordBatch)> = files(&copy)
        .into_iter()
        .map(|(table, path)| (table, (fs::read(&path).unwrap(), read(&path))))
        .collect();
    let report = night(&copy, &time(as_of_us), &[]);
    night(data, &time(as_of_us), &[]);
    assert!(!score_rows(&copy.tables(), |_| true).is_empty());
    assert_rows(&canonical(&copy.tables()), &canonical(&data.tables()), what);

    let mut carried_notes = 0;
    let after = files(&copy);
    for (table, (bytes, before)) in &before {
        let after_bytes = fs::read(&after[table]).unwrap();
        let after = read(&after[table]);
        assert_eq!(after.schema(), before.schema(), "{what}: types of {table}");
        match table.as_str() {
            "jobs" | "users" | "scrape_runs" | "user_fit_score_cursors" => {
                let old_rows = after.slice(0, before.num_rows());
                for (at, field) in before.schema().fields().iter().enumerate() {
                    if !decided(table).contains(&field.name().as_str()) {
                        let (found, expected) = (old_rows.column(at), before.column(at));
                        assert!(found == expected, "{what}: {table}.{} changed", field.name());
                    }
                }
            }
            "agent_logs" => assert_eq!(after.slice(0, before.num_rows()), *before, "{what}"),
            "job_fit_scores" => {
                let notes = |batch: &RecordBatch| -> BTreeMap<[u8; 16], String> {
                    let ids = batch.column_by_name("id").unwrap();
                    let ids = cast(ids, &DataType::Binary).unwrap();
                    let notes = batch.column_by_name("note").unwrap().as_string::<i32>().clone();
                    (ids.as_binary::<i32>().iter().zip(&notes))
                        .filter_map(|(id, note)| Some((id?.try_into().unwrap(), note?.to_owned())))
                        .collect()
                };
                let old = notes(before);
                let new = notes(&after);
                assert!(new.iter().all(|(id, note)| old[id] == *note), "{what}: notes of others");
                assert_eq!(new.len() as u64, report["rows"]["unchanged"].as_u64().unwrap());
                carried_notes = new.len();
            }
            _ => assert!(after_bytes == *bytes, "{what}: {table} is another file"),
        }
    }
    let again = night(&copy, &time(as_of_us), &[]);
    assert_eq!(again["outcome"], "nothing_to_do", "{what} again");
    carried_notes
}

/// Of the times that a night reads, only these are not whole milliseconds already.
fn in_whole_milliseconds(job: &mut JobRow) {
    job.posted_at = job.posted_at.map(|us| us - us.rem_euclid(1_000));
}

#[test]
fn anybodys_parquet_gives_the_same_rows_and_keeps_what_is_its_own() {
    let mut tables = generate(&options().base);
    tables.jobs.iter_mut().for_each(in_whole_milliseconds);
    let data = Data::new(&tables);
    foreign_night(&data, FIRST_US, "night 1");

    let mut second = second_night(&sorted(data.tables()));
    for change in &mut second.changes {
        if let Change::InsertJob { job, .. } = change {
            in_whole_milliseconds(job);
        }
    }
    data.apply(&second.changes);
    let carried_notes = foreign_night(&data, second.as_of_us, "night 2");
    assert!(carried_notes > 500, "{carried_notes} notes prove little");
}
