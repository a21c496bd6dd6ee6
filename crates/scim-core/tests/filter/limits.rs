//! How long, deep and wide a filter may be.

use super::*;

#[test]
fn limits_are_exact() {
    let limits = FilterLimits::default()
        .with_max_bytes(4)
        .with_max_depth(2)
        .with_max_terms(3);
    assert!(Filter::parse_with("a pr", &limits).is_ok());
    assert_eq!(refused_with("a pr ", &limits), (Kind::TooLong { max: 4 }, (4, 5)));

    let limits = limits.with_max_bytes(100);
    assert!(Filter::parse_with("((a pr)) and not (b[c pr])", &limits).is_ok());
    assert_eq!(refused_with("(((a pr)))", &limits), (Kind::TooDeep { max: 2 }, (2, 3)));
    assert_eq!(
        refused_with("not (not (not (a pr)))", &limits),
        (Kind::TooDeep { max: 2 }, (14, 15))
    );
    assert_eq!(refused_with("((a[b pr]))", &limits), (Kind::TooDeep { max: 2 }, (3, 4)));

    assert!(Filter::parse_with("a pr or b[c pr and d pr]", &limits).is_ok());
    assert_eq!(
        refused_with("a pr or b[c pr and d pr] or efg pr", &limits),
        (Kind::TooManyTerms { max: 3 }, (28, 31))
    );
    assert_eq!(
        refused_with("a pr or b[c pr and d pr].efg pr", &limits),
        (Kind::TooManyTerms { max: 3 }, (25, 28))
    );

    let endless = limits.with_max_depth(u32::MAX).with_max_bytes(u32::MAX);
    let max = FilterLimits::DEPTH_CEILING;
    assert_eq!(
        refused_with(&"(".repeat(100_000), &endless),
        (Kind::TooDeep { max }, (max, max + 1))
    );
}

#[test]
fn deep_and_wide_filters_are_safe_on_a_small_stack() {
    let run = || {
        let depth = FilterLimits::default().max_depth as usize;
        for (open, close) in [
            ("(", ")"),
            ("not (", ")"),
            ("(a pr or not (b pr and ", "))"),
            ("(a pr and (b pr or ", "))"),
        ] {
            let times = depth / close.len();
            let filter = verified(&format!("{}title pr{}", open.repeat(times), close.repeat(times)));
            assert!(!format!("{filter:?}").is_empty());
            assert_eq!(filter, filter.clone());
            refused(&format!(
                "{}title pr{}",
                open.repeat(times + 1),
                close.repeat(times + 1)
            ));
            refused(&open.repeat(times));
            refused(&format!("{}title pr", open.repeat(times)));
            refused(&open.repeat(300));
        }

        let limits = FilterLimits::default().with_max_depth(FilterLimits::DEPTH_CEILING);
        let times = FilterLimits::DEPTH_CEILING as usize - 1;
        let deepest = format!("{}a[b eq \"\\u0063\"]{}", "not (".repeat(times), ")".repeat(times));
        let filter = Filter::parse_with(&deepest, &limits).unwrap();
        assert_eq!(Filter::parse_with(&filter.to_string(), &limits), Ok(filter.clone()));
        assert_eq!(HashSet::from([filter.clone(), filter.clone()]).len(), 1);
        assert!(!format!("{filter:#?}").is_empty());

        let limits = FilterLimits::default().with_max_bytes(1_000_000).with_max_terms(2_000);
        let wide = vec!["userName eq \"a\""; 1_000].join(" or ");
        let Filter::Or(parts) = Filter::parse_with(&wide, &limits).unwrap() else {
            panic!()
        };
        assert_eq!(parts.len(), 1_000);
        assert_eq!(Filter::Or(parts).to_string(), wide);
        let blanks = format!("userName{}eq \"a\"", " ".repeat(500_000));
        assert!(Filter::parse_with(&blanks, &limits).is_ok());
        let blanks = format!("{}a pr{}{}", "(".repeat(32), " ".repeat(500_000), ")".repeat(32));
        assert!(Filter::parse_with(&blanks, &limits).is_ok());
        assert_eq!(
            Filter::parse(&blanks).unwrap_err().kind(),
            &Kind::TooLong { max: 8_192 }
        );
    };
    thread::Builder::new()
        .stack_size(256 * 1_024)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}
