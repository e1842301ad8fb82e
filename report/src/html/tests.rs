//! Promises of the whole page.

mod nights;

use super::page;
use crate::{
    night::{Market, Night, NightInBrief, Share},
    run::Span,
    words::count,
};
use nights::{hostile, large, single};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Checks what every page must be, and gives it back.
#[track_caller]
fn sound(night: &Night) -> String {
    let page = page(night);
    for (at, _) in page.match_indices("<svg") {
        let svg = &page[at..];
        let svg = &svg[..svg.find("</svg>").unwrap() + 6];
        let doc = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
        let root = doc.root_element();
        if root.attribute("role") == Some("img") {
            let named = root.attribute("aria-labelledby").unwrap();
            for id in named.split(' ') {
                assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
            }
            let drawn = ["rect", "circle"];
            assert!(doc.descendants().any(|node| drawn.contains(&node.tag_name().name())), "{svg}");
        } else {
            assert_eq!(root.attribute("aria-hidden"), Some("true"));
        }
        for node in doc.descendants() {
            for attribute in node.attributes() {
                let value = attribute.value();
                assert!(!value.contains("NaN") && !value.contains("inf"), "{svg}");
            }
        }
    }
    let lower = page.to_lowercase();
    for foreign in ["<script", "<img", "http://", "https://", "src=\"", "@import", "url(", "<link"]
    {
        assert!(!lower.contains(foreign), "{foreign}");
    }
    assert!(!page.contains("NaN") && !page.contains(" inf"), "a number that is none");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    assert!(page.contains("default-src 'none'") && page.contains("lang=\"en\""));
    headings_are_in_order(&page);
    links_lead_somewhere(&page);
    page
}

fn headings_are_in_order(page: &str) {
    let mut level = 0;
    for (at, _) in page.match_indices("<h") {
        let Some(next) = page[at + 2..].chars().next().and_then(|digit| digit.to_digit(10)) else {
            continue;
        };
        assert!(next <= level + 1 && (next > 1 || level == 0), "h{next} after h{level}");
        level = next;
    }
}

fn links_lead_somewhere(page: &str) {
    for (at, _) in page.match_indices("href=\"#") {
        let id = page[at + 7..].split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

/// Writes a page into the folder `TALVIX_REPORT_PAGES`, where there is one, to be looked at.
fn look_at(name: &str, page: &str) {
    if let Some(dir) = std::env::var_os("TALVIX_REPORT_PAGES") {
        fs_err::write(std::path::Path::new(&dir).join(name).with_extension("html"), page).unwrap();
    }
}

#[test]
fn a_large_night_is_a_small_page_and_quick() {
    let night = large();
    let began = Instant::now();
    let page = sound(&night);
    let took = began.elapsed();
    assert!(page.len() < 500_000, "{} bytes", page.len());
    assert!(took < Duration::from_secs(1), "{took:?}");
    look_at("large", &page);
}

#[test]
fn the_figures_of_the_page_are_those_of_the_night() {
    let night = large();
    let page = sound(&night);
    let report = &night.report;
    let by_tier: Vec<u64> =
        night.scores_by_tier.iter().map(|(_, points)| points.iter().sum()).collect();
    assert_eq!(by_tier.iter().sum::<u64>(), report.rows.kept);
    let figures = [
        count(report.rows.kept),
        format!("{} pairs kept", count(by_tier[0])),
        format!("{} pairs kept", count(by_tier[1])),
        "97,512 users were scored in 2\u{a0}min\u{a0}41\u{a0}s: 31,204 with every job".to_owned(),
        format!("with {} pairs.", count(night.roles[15..].iter().map(|role| role.kept).sum())),
        "users without a match</span><strong>1,907<".to_owned(),
        "616 faults".to_owned(),
        "888 markets".to_owned(),
    ];
    for figure in figures {
        assert!(page.contains(&figure), "{figure}");
    }
    assert_eq!(page.matches("<circle").count(), 888);
}

#[test]
fn nothing_is_no_chart() {
    let page = sound(&Night::default());
    assert_eq!(page.matches("<svg").count(), 0, "{page}");
    for sentence in [
        "No pairs were kept.",
        "No user was scored.",
        "There are no markets",
        "No job lists a skill.",
    ] {
        assert!(page.contains(sentence), "{sentence}");
    }
    look_at("nothing", &page);
}

#[test]
fn nights_of_zeros_have_no_chart_either() {
    let share = Share { name: "qa".to_owned(), ..Share::default() };
    let night = Night {
        scores_by_tier: vec![("free".to_owned(), [0; 61])],
        users_by_candidates: vec![0; 20],
        roles: vec![share.clone()],
        cities: vec![share],
        skills_asked: vec![("go".to_owned(), 0)],
        skills_missing: vec![("go".to_owned(), 0)],
        history: vec![NightInBrief::default(); 30],
        ..Night::default()
    };
    assert_eq!(sound(&night).matches("<svg").count(), 0);
}

#[test]
fn a_night_of_one_is_drawn() {
    let page = sound(&single());
    assert!(page.contains("This is the only night there is"));
    look_at("single", &page);
}

#[test]
fn names_cannot_leave_their_place() {
    let page = sound(&hostile());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains(|letter: char| letter.is_control() && letter != '\n'));
    assert!(!page.contains('\u{202e}'));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    look_at("hostile", &page);
}

/// The colours of `style.css`, light and dark, as text and as parts of charts.
#[test]
fn colours_can_be_told_from_their_ground() {
    let style = include_str!("style.css");
    let schemes: Vec<_> = style.split(":root {").skip(1).take(2).collect();
    for scheme in schemes {
        let luminance = |name: &str| {
            let (_, rest) = scheme.split_once(&format!("--{name}: #")).unwrap();
            let digits = rest.split(';').next().unwrap();
            let digits = if digits.len() == 3 { digits.repeat(2) } else { digits.to_owned() };
            let part = |at: usize| {
                let part = u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
                let part = f64::from(part) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
        };
        let contrast = |one: &str, other: &str| {
            let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
            if one > other { one / other } else { other / one }
        };
        // What WCAG 2.2 asks for, level AA.
        for ground in ["page", "panel"] {
            for text in ["ink", "soft", "a"] {
                assert!(contrast(text, ground) >= 4.5, "{text} on {ground}: {scheme}");
            }
            for part in ["a", "b", "pale", "quiet"] {
                assert!(contrast(part, ground) >= 3.0, "{part} on {ground}: {scheme}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_numbers_make_a_sound_page(
        number in prop_oneof![0..5_u64, any::<u64>()],
        other in prop_oneof![0..5_u64, any::<u64>()],
        seconds in prop::num::f64::ANY,
        name in "\\PC{0,12}",
        len in 0..4_usize,
    ) {
        let mut points = [0; 61];
        points[(other % 61) as usize] = number;
        let share = Share { name: name.clone(), jobs: number, users: other, kept: number };
        let market =
            Market { role_family: name.clone(), city: name.clone(), jobs: number, users: other, kept: other };
        let brief = NightInBrief { run_date: name.clone(), kept: number, seconds, ..NightInBrief::default() };
        let mut night = Night {
            scores_by_tier: vec![(name.clone(), points); len],
            users_by_candidates: vec![number, other, 0],
            roles: vec![share.clone(); len],
            cities: vec![share; len],
            markets: vec![market; len],
            skills_asked: vec![(name.clone(), number); len],
            skills_missing: vec![(name.clone(), other); len],
            history: vec![brief; len],
            ..Night::default()
        };
        night.report.seconds.total = seconds;
        night.report.timeline =
            vec![Span { phase: name, from: 0.0, to: seconds, busy: seconds / 2.0 }; len];
        sound(&night);
    }
}
