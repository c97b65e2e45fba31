//! One checkout at a time, and everything that can be wrong with an order or a store.

use crate::support::{Place, order};

#[test]
fn without_arguments_a_bundled_order_is_shipped() {
    let place = Place::new();
    let said = place.start_as_given(&[]).wait();
    assert_eq!(said.code, Some(0), "{}", said.messages);
    let shipment: serde_json::Value = serde_json::from_str(said.result()).unwrap();
    assert_eq!(shipment["order"], "order-1001");
    assert_eq!(shipment["paid"], 9_330);
    assert_eq!(shipment["items"], 3);
    assert_eq!(shipment["service"], "ground", "the quote came before its deadline");
    assert!(place.path().join(".durable/checkout.db").exists());
}

#[test]
fn an_order_takes_its_stock_and_its_money_once() {
    let place = Place::new();
    let said = place.run(&["start", &order("tea")]);
    assert_eq!(said.code, Some(0), "{}", said.messages);
    let taken: Vec<(String, u32)> = place.taken().into_iter().collect();
    assert_eq!(taken, [("pot-blue".into(), 1), ("tea-assam".into(), 2), ("tea-sencha".into(), 1)]);
    let charges = place.charges();
    assert_eq!((charges.len(), charges[0].cents, charges[0].refunded), (1, 9_330, false));
}

#[test]
fn a_program_whose_messages_nobody_reads_does_its_work_all_the_same() {
    let place = Place::new();
    let said = place.start(&["start", &order("tea")]).unheard();
    assert_eq!(said.code, Some(0));
    let shipment: serde_json::Value = serde_json::from_str(said.result()).unwrap();
    assert_eq!(shipment["paid"], 9_330);
}

#[test]
fn a_declined_card_is_explained_and_takes_nothing() {
    let place = Place::new();
    let said = place.run(&["start", &order("declined")]);
    assert_eq!((said.code, said.output.as_str()), (Some(1), ""));
    for part in ["the card ending in 0002 was declined", "the stock was put back", "with another card"] {
        assert!(said.messages.contains(part), "`{part}` is missing:\n{}", said.messages);
    }
    assert!(place.taken().is_empty(), "{:?}", place.taken());
    assert_eq!(place.charges(), []);
}

#[test]
fn an_order_that_cannot_be_reserved_leaves_no_part_of_it_reserved() {
    let place = Place::new();
    let said = place.run(&["start", &order("out-of-stock")]);
    assert_eq!(said.code, Some(1));
    assert!(said.messages.contains("`pot-iron` is out of stock: 2000 wanted"), "{}", said.messages);
    assert!(place.taken().is_empty(), "{:?}", place.taken());
}

#[test]
fn an_order_that_cannot_be_shipped_is_refunded_and_put_back() {
    let place = Place::new();
    let said = place.run(&["start", &order("unserved")]);
    assert_eq!(said.code, Some(1));
    assert!(said.messages.contains("the carrier does not serve `AQ`"), "{}", said.messages);
    assert!(place.taken().is_empty(), "{:?}", place.taken());
    let charges = place.charges();
    assert_eq!((charges.len(), charges[0].refunded), (1, true));
}

/// A line of a large order that nobody reviews by itself, begun.
fn unreviewed(place: &Place) -> crate::support::Running {
    place.start_with(
        &["start", &order("large"), "--name", "large-1", "--store", "shop.db"],
        &[("SHOP_REVIEWER", "nobody")],
    )
}

/// Waits until `large-1` waits for its approval.
fn until_asked(place: &Place) {
    while !place.run(&["show", "large-1"]).output.contains("? id ") {}
}

#[test]
fn a_large_order_waits_for_an_approval_that_a_second_terminal_gives() {
    let place = Place::new();
    let running = unreviewed(&place);
    until_asked(&place);
    let refused = place.run(&["callback", "large-1/approval", "succeed", "yes"]);
    assert_eq!(refused.code, Some(2), "{}", refused.messages);
    assert!(refused.messages.contains("JSON strings need their own quotes"), "{}", refused.messages);
    let answered = place.run(&["callback", "large-1/approval", "succeed", "true"]);
    assert_eq!(answered.code, Some(0), "{}", answered.messages);
    let said = running.wait();
    assert_eq!(said.code, Some(0), "{}", said.messages);
    let how = "answer with `checkout callback large-1/approve/approval/callback succeed JSON --store shop.db`";
    assert!(said.messages.contains(how), "{}", said.messages);
    let shipment: serde_json::Value = serde_json::from_str(said.result()).unwrap();
    assert_eq!((&shipment["paid"], &shipment["service"]), (&123_020.into(), &"flat".into()));
}

#[test]
fn an_order_that_is_not_approved_is_put_back_and_never_charged() {
    for (answer, why) in
        [(&["succeed", "false"][..], "the approval was refused"), (&["fail", "--message", "too dear"], "too dear")]
    {
        let place = Place::new();
        let running = unreviewed(&place);
        until_asked(&place);
        let answered = place.run(&[&["callback", "large-1/approval"], answer].concat());
        assert_eq!(answered.code, Some(0), "{}", answered.messages);
        let said = running.wait();
        assert_eq!(said.code, Some(1));
        for part in ["NotApproved", why, "nothing was charged and the stock was put back"] {
            assert!(said.messages.contains(part), "`{part}` is missing:\n{}", said.messages);
        }
        assert!(place.taken().is_empty(), "{:?}", place.taken());
        assert_eq!(place.charges(), []);
    }
}

#[test]
fn the_built_in_reviewer_rejects_when_it_is_told_to() {
    let place = Place::new();
    let line = ["start", &order("large"), "--store", "shop.db"];
    let said = place.start_with(&line, &[("SHOP_REVIEWER", "reject")]).wait();
    assert_eq!(said.code, Some(1));
    assert!(said.messages.contains("the approval was refused"), "{}", said.messages);
    assert!(place.taken().is_empty(), "{:?}", place.taken());
}

#[test]
fn a_malformed_order_is_pointed_at_and_nothing_is_started() {
    let place = Place::new();
    let bad = [
        ("{\n  \"id\": \"order-1\",\n  oops\n}", ":3:3 is not JSON"),
        ("{ \"id\": \"order-1\" }", "is not what the function takes: missing field `customer`"),
    ];
    for (text, expected) in bad {
        std::fs::write(place.path().join("bad.json"), text).unwrap();
        let said = place.run(&["start", "@bad.json"]);
        assert_eq!(said.code, Some(2), "{}", said.messages);
        assert!(said.messages.contains("bad.json"), "{}", said.messages);
        assert!(said.messages.contains(expected), "{}", said.messages);
    }
    assert!(!place.store().exists());
}

#[cfg(not(feature = "aws"))]
#[test]
fn under_lambda_it_says_that_this_build_cannot_serve_it() {
    let place = Place::new();
    let said = place.start_with(&["list"], &[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")]).wait();
    assert_eq!(said.code, Some(1));
    assert!(said.messages.contains("build it with `--no-default-features --features aws`"), "{}", said.messages);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_execution_and_says_how_to_go_on() {
    let place = Place::new();
    let running = unreviewed(&place);
    until_asked(&place);
    let said = running.interrupt();
    assert_eq!(said.code, Some(130), "{}", said.messages);
    assert!(
        said.messages.contains("large-1 is kept, go on with `checkout resume --store shop.db`"),
        "{}",
        said.messages
    );
    let said = place.run(&["resume"]);
    assert_eq!(said.code, Some(0), "{}", said.messages);
    assert!(said.result().contains("\"paid\":123020"), "{}", said.output);
    assert_eq!(place.charges().len(), 1);
}

#[test]
fn a_second_terminal_may_look_and_is_told_who_owns_the_store() {
    let place = Place::new();
    let running = unreviewed(&place);
    until_asked(&place);
    let owner = format!("process {}", running.id());
    for line in [&["resume"][..], &["start", &order("tea")]] {
        let line = [line, &["--store", "shop.db"]].concat();
        // A reviewer would let the owner finish.
        let said = place.start_with(&line, &[("SHOP_REVIEWER", "nobody")]).wait();
        assert_eq!(said.code, Some(1), "{}", said.messages);
        assert!(said.messages.contains(&owner), "{}", said.messages);
    }
    assert_eq!(place.run(&["show", "large-1"]).code, Some(0));
    assert_eq!(place.run(&["callback", "large-1/approval", "succeed", "true"]).code, Some(0));
    let said = running.wait();
    assert_eq!(said.code, Some(0), "{}", said.messages);
}

#[test]
fn a_second_terminal_can_stop_what_the_first_one_runs() {
    let place = Place::new();
    let running = unreviewed(&place);
    until_asked(&place);
    let said = place.run(&["stop", "large-1"]);
    assert!(said.messages.contains("large-1 is stopped"), "{}", said.messages);
    let said = running.wait();
    assert_eq!((said.code, said.output.as_str()), (Some(1), ""));
    assert!(said.messages.contains("large-1 was stopped"), "{}", said.messages);
}
