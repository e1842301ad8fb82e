//! Generated tables and nights on a real server: what goes in comes out.

use std::future::Future;

use talvix_fixtures::generate::{Dirt, Options, generate};
use talvix_fixtures::nights::{NightOptions, apply_to_postgres, apply_to_tables, night};
use talvix_fixtures::postgres::{load_postgres, read_postgres};
use talvix_fixtures::sort;
use talvix_fixtures::tables::Tables;
use talvix_pg::{Conninfo, connect, schema};
use tokio_postgres::Client;

/// A database with the schema, dropped at the end unless the test fails: the tests' server goes
/// with all it has.
async fn with_database<F: Future<Output = ()>>(test: impl FnOnce(Client) -> F) {
    let url = std::env::var("TALVIX_TEST_PG")
        .expect("TALVIX_TEST_PG is not set: run scripts/test, which starts a server for the tests");
    let info = Conninfo::resolve(Some(&url), &|_| None, None).unwrap();
    let name = format!("talvix_fixtures_{}", uuid::Uuid::new_v4().simple());
    let admin = connect(&info, "talvix tests").await.unwrap();
    admin.batch_execute(&format!("create database {name}")).await.unwrap();
    let mut client = connect(&info.with_dbname(&name), "talvix tests").await.unwrap();
    schema::apply(&mut client).await.unwrap();
    test(client).await;
    admin.batch_execute(&format!("drop database {name} with (force)")).await.unwrap();
}

fn same(found: &Tables, expected: &Tables, when: &str) {
    let mut expected = expected.clone();
    expected.parsed_resumes.clear();
    sort(&mut expected);
    assert_eq!(found.jobs, expected.jobs, "{when}");
    assert_eq!(found.job_skills, expected.job_skills, "{when}");
    assert_eq!(found.users, expected.users, "{when}");
    assert_eq!(found.resumes, expected.resumes, "{when}");
    assert!(*found == expected, "{when}: a smaller table differs");
}

/// Tables with everything that the schema allows and nothing that it refuses, then six nights.
#[tokio::test]
async fn a_database_holds_what_was_generated_night_after_night() {
    with_database(async |mut client| {
        let base = Options { jobs: 800, users: 300, dirt: Dirt::Database, ..Options::default() };
        let options = NightOptions { changed_users_per_mille: 150, ..NightOptions::new(base) };
        let mut tables = generate(&options.base);
        load_postgres(&mut client, &tables).await.unwrap();
        same(&read_postgres(&mut client).await.unwrap(), &tables, "loaded");
        for number in 2..=7 {
            let night = night(&tables, number, &options);
            apply_to_tables(&mut tables, &night.changes);
            apply_to_postgres(&mut client, &night.changes).await.unwrap();
            same(&read_postgres(&mut client).await.unwrap(), &tables, &format!("night {number}"));
        }
    })
    .await;
}

/// What a database cannot hold is refused as a whole.
#[tokio::test]
async fn a_refused_row_leaves_the_database_empty() {
    with_database(async |mut client| {
        let mut tables = generate(&Options { jobs: 20, users: 5, ..Options::default() });
        tables.users[4].city_canonical = Some("pu\0ne".to_owned());
        let error = load_postgres(&mut client, &tables).await.unwrap_err().to_string();
        assert!(error.starts_with("users: "), "{error}");
        let found = read_postgres(&mut client).await.unwrap();
        assert!(found.jobs.is_empty() && found.users.is_empty());
    })
    .await;
}

/// The bulk load does without the trigger, so the rule must hold all the same, then and later.
#[tokio::test]
async fn a_sixth_target_role_is_refused_by_the_load_and_after_it() {
    with_database(async |mut client| {
        let mut tables = generate(&Options { jobs: 20, users: 5, ..Options::default() });
        let sound = tables.clone();
        let user_id = tables.users[0].id;
        tables.user_target_roles.retain(|row| row.user_id != user_id);
        for number in 1..=6 {
            let mut role = tables.user_target_roles[0].clone();
            (role.id, role.user_id) = (uuid::Uuid::from_u128(number), user_id);
            role.role_family = format!("role_{number}");
            tables.user_target_roles.push(role);
        }
        let error = load_postgres(&mut client, &tables).await.unwrap_err().to_string();
        assert!(error.contains(&user_id.to_string()), "{error}");
        load_postgres(&mut client, &sound).await.unwrap();
        let sixth = client
            .batch_execute(
                "insert into user_target_roles (user_id, role_family, display_name)
                 select id, 'role_' || n, '' from users, generate_series(1, 6) n",
            )
            .await;
        assert!(sixth.is_err(), "the trigger is on again");
    })
    .await;
}
