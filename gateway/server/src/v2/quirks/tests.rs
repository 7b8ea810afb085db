use loopgate_hl7v2::{AckMode, Charset, Header, Limits, Message, Processing, Wanted, read};

use super::*;
use crate::partner::Partner;

const MSH: &str = "MSH|^~\\&|EHR|HOSPA|LOOPGATE|TOWN|20261120094000+0000||REF^I12|1|T|2.5.1\r";

/// A source with these lines in its link.
fn partner(lines: &str) -> Partner {
    with_role("source", lines)
}

fn with_role(role: &str, lines: &str) -> Partner {
    let text = format!(
        "name = 'A'\nroles = ['{}']\nlegal_class = 'ce'\n[channel]\nkind = 'rest'\n\
         [hl7v2]\napplication = 'EHR'\nfacility = 'HOSPA'\n\
         authorities = [{{ name = 'HOSPA', system = 'urn:example:a:mrn' }}]\n{lines}",
        role.replace(',', "', '")
    );
    Partner::parse("a".parse().unwrap(), &text).unwrap()
}

fn message(text: &str) -> Message {
    read(text.as_bytes(), &Limits::default(), Charset::UTF_8).unwrap()
}

/// Segments behind MSH, as they are after they came in.
fn applied(partner: &Partner, segments: &str) -> String {
    let mut found = message(&format!("{MSH}{segments}"));
    apply(&mut found, partner);
    found.print().split_once('\r').unwrap().1.to_owned()
}

/// Segments behind MSH, as they go out.
fn spoken(partner: &Partner, segments: &str) -> String {
    let mut found = message(&format!("{MSH}{segments}"));
    speak(&mut found, partner.hl7v2.as_ref().unwrap());
    found.print().split_once('\r').unwrap().1.to_owned()
}

fn prepared(lines: &str, bytes: &[u8]) -> Vec<u8> {
    prepare(bytes, partner(lines).hl7v2.as_ref().unwrap()).into_owned()
}

#[test]
fn without_a_word_in_the_file_nothing_is_passed_over() {
    let bytes = b"MSH|1\r\r \rPID|1\r\x1a\0";
    assert_eq!(prepared("", bytes), bytes);
    let all = "MSH|^~\\&|E|H|||2026-11-20||REF^I12|1||9|||XX|YY\rPID|1||7^^^|||\rPD1|1\r";
    let mut found = message(all);
    apply(&mut found, &partner(""));
    assert_eq!(found.print(), all);
    assert_eq!(Header::of(&found).unwrap_err().len(), 4);
}

#[test]
fn blank_lines_and_junk_are_taken_out_of_the_bytes() {
    let blank = "lenient = ['blank-lines']";
    assert_eq!(prepared(blank, b"MSH|1\r\n\r\n\t \nPID|1\r"), b"MSH|1\rPID|1");
    assert!(matches!(
        prepare(b"MSH|1\rPID|1", partner(blank).hl7v2.as_ref().unwrap()),
        Cow::Borrowed(_)
    ));
    let junk = "lenient = ['trailing-junk']";
    assert_eq!(prepared(junk, b"MSH|1\rPID|1\r\x1a\0 \x7f\r\n"), b"MSH|1\rPID|1");
    // In the middle it is not junk, and a sign that can be read is not either.
    assert_eq!(prepared(junk, b"MSH|1\r\x1a\rPID|1"), b"MSH|1\r\x1a\rPID|1");
    assert_eq!(prepared(junk, b"MSH|1\rend"), b"MSH|1\rend");
    assert_eq!(prepared(junk, b"\0\r"), b"");
    // Characters of more than one byte are whole.
    assert_eq!(prepared(junk, "PID|Ĝ\r\n".as_bytes()), "PID|Ĝ".as_bytes());
}

#[test]
fn a_header_is_what_the_link_says_where_it_says_nothing() {
    let lenient = "lenient = ['processing-id', 'version', 'ack-codes']\nversion = '2.3.1'";
    let of = |fields: &str, partner: &Partner| {
        let mut found = message(&format!("MSH|^~\\&|E|H|||2026||REF^I12|1|{fields}\r"));
        apply(&mut found, partner);
        Header::of(&found)
    };
    let test = partner(lenient);
    let real = Partner { production: true, ..test.clone() };
    let found = of("|", &test).unwrap();
    assert_eq!((found.processing, found.version.as_str()), (Processing::Training, "2.3.1"));
    assert_eq!(of("|2.4", &real).unwrap().processing, Processing::Production);
    assert_eq!(of("P|V2.4", &test).unwrap().version, "2.3.1");
    // What is said holds, though it is not what the link says.
    let found = of("P|2.4|||SOMETIMES|AL", &test).unwrap();
    assert_eq!((found.processing, found.version.as_str()), (Processing::Production, "2.4"));
    let mode = AckMode::Enhanced { accept: Wanted::Never, application: Wanted::Always };
    assert_eq!(found.mode, mode);
    assert!(of("X|2.4", &test).is_err());
    for version in ["2.1", "2.5.1", "2.9"] {
        assert_eq!(of(&format!("T|{version}"), &test).unwrap().version, version);
    }
}

#[test]
fn timestamps_are_written_as_hl7_writes_them_and_texts_are_left_alone() {
    let lenient = partner("lenient = ['timestamps']");
    let text = "PID|1||7||A^B||1988-04-02\rOBX|1|TS|A^2026-11-20||2026-11-20 09:40||||||F|||2026-11-20\r\
                OBX|2|ST|B||2026-11-20 09:40\rNTE|1||2026-11-20\rSCH|||||||||||^^^2026-11-20T10:00Z^ 20261120 \r";
    let plain = "PID|1||7||A^B||19880402\rOBX|1|TS|A^2026-11-20||202611200940||||||F|||20261120\r\
                 OBX|2|ST|B||2026-11-20 09:40\rNTE|1||2026-11-20\rSCH|||||||||||^^^202611201000+0000^20261120\r";
    assert_eq!(applied(&lenient, text), plain);
    assert_eq!(applied(&partner(""), text), text);
}

#[test]
fn codes_of_the_link_are_read_as_ours_and_ours_are_said_as_its() {
    let link = partner(
        "codes = [
           { field = 'RF1-3', theirs = 'FOOD&MORE', ours = 'food-insecurity' },
           { field = 'RF1-3', theirs = 'FOODINS', ours = 'food-insecurity' },
           { field = 'OBR-4', theirs = 'A', ours = 'B', system = 'SCT' },
           { field = 'OBR-4', theirs = 'B', ours = 'C', system = 'SCT' },
           { field = 'PID-5.2', theirs = 'X', ours = 'Y' },
         ]",
    );
    assert_eq!(
        applied(
            &link,
            "RF1|||FOOD\\T\\MORE^Food\rOBR|1|||A^One^L~B^Two^L~D\rOBR|2|||A\rPID|1||||X^X"
        ),
        "RF1|||food-insecurity^Food\rOBR|1|||B^One^SCT~C^Two^SCT~D\rOBR|2|||B^^SCT\rPID|1||||X^Y\r"
    );
    assert_eq!(applied(&link, "RF1|||FOODINS"), "RF1|||food-insecurity\r");
    // The first of theirs is said; a code of another system is another code.
    assert_eq!(
        spoken(&link, "RF1|||food-insecurity^^SDOHCC\rOBR|1|||B^One^SCT\rOBR|2|||B^One^LN"),
        "RF1|||FOOD\\T\\MORE^^SDOHCC\rOBR|1|||A^One^L\rOBR|2|||B^One^LN\r"
    );
}

#[test]
fn a_z_field_is_read_as_the_field_it_stands_for_and_written_beside_it() {
    let link = partner(
        "z_fields = [
           { field = 'ZPD-4', carries = 'contact-prohibited' },
           { field = 'ZPD-5', carries = 'language' },
           { field = 'ZCN-3.2', carries = 'consent-token' },
         ]
         codes = [{ field = 'ZPD-4', theirs = '1', ours = 'Y' }, { field = 'ZPD-4', theirs = '0', ours = 'N' }]",
    );
    // Made where it belongs: PD1 behind PID, the consent before the first order.
    assert_eq!(
        applied(&link, "PID|1\rORC|NW\rZPD||||1|es^Spanish\rZCN|||A^e.y.J^B"),
        "PID|1||||||||||||||es^Spanish\rPD1||||||||||||Y\r\
         OBX||ST|59284-0^Patient Consent^LN||e.y.J||||||F\rORC|NW\rZPD||||\rZCN|||A^^B\r"
            .replace("ZPD||||\r", "ZPD|||||\r")
    );
    // Put where it is there: the one that protects holds, and N prohibits nothing.
    assert_eq!(applied(&link, "PD1|1|||||||||||N\rZPD||||1"), "PD1|1|||||||||||Y\rZPD||||\r");
    assert_eq!(applied(&link, "PID|1\rZPD||||0"), "PID|1\rZPD||||\r");
    assert_eq!(applied(&link, "PD1|1|||||||||||Y\rZPD||||0"), "PD1|1|||||||||||Y\rZPD||||\r");
    // What says something else than the standard's own field stays, and is listed.
    let two = "PID|1||||||||||||||en\rZPD|||||es\r";
    assert_eq!(applied(&link, two), two);
    assert_eq!(applied(&link, "PID|1\rZPD||||\"\"|"), "PID|1\rZPD||||\"\"|\r");
    // On the way out the field of the standard stays.
    assert_eq!(
        spoken(&link, "PID|1||||||||||||||es\rPD1||||||||||||Y\rOBX||ST|59284-0||t.o.k"),
        "PID|1||||||||||||||es\rPD1||||||||||||Y\rZPD||||1|es\rOBX||ST|59284-0||t.o.k\rZCN|||^t.o.k\r"
    );
    assert_eq!(spoken(&link, "PID|1"), "PID|1\r");
}

#[test]
fn a_field_that_is_known_to_carry_nothing_is_not_mentioned() {
    let link = partner("z_fields = [{ field = 'ZPV-1', carries = 'nothing' }]").hl7v2.unwrap();
    let told = |paths: &[&str]| quiet(paths.iter().map(|one| (*one).to_owned()).collect(), &link);
    assert_eq!(told(&["ZPV-1", "ZPV-1.2", "ZPV-12", "PID-9"]), ["ZPV-12", "PID-9"]);
}

#[test]
fn a_key_without_an_authority_is_of_the_links_own() {
    let own = "authority = 'HOSPA'";
    let keys = "PID|1||7~8^^^COMM~~9^^^&1.2&ISO\rORC|NW|p1|f1\rOBR|1|p1|f1^LG\r";
    assert_eq!(applied(&partner(""), keys), keys);
    assert_eq!(
        applied(&partner(own), keys),
        "PID|1||7^^^HOSPA~8^^^COMM~~9^^^&1.2&ISO\rORC|NW|p1^HOSPA|f1\rOBR|1|p1^HOSPA|f1^LG\r"
    );
    assert_eq!(
        applied(&with_role("target", own), keys),
        "PID|1||7^^^HOSPA~8^^^COMM~~9^^^&1.2&ISO\rORC|NW|p1|f1^HOSPA\rOBR|1|p1|f1^LG\r"
    );
    // Who is both asks with a REF; an EI may have an OID for its authority.
    let both = with_role("source,target", own);
    assert_eq!(applied(&both, "RF1||||||1|||||2"), "RF1||||||1^HOSPA|||||2\r");
    assert_eq!(applied(&partner(own), "RF1||||||1^^1.2^ISO"), "RF1||||||1^^1.2^ISO\r");
    assert_eq!(applied(&partner(own), "RF1||||||\"\"|"), "RF1||||||\"\"|\r");
}

#[test]
fn a_rule_says_which_orders_are_referrals() {
    let link = partner(
        "referrals = [
           { code = 'CM1', system = 'L', need = 'food-insecurity' },
           { code = 'CM2', diagnosis = 'Z59' },
           { diagnosis = 'Z59.4' },
         ]",
    )
    .hl7v2
    .unwrap();
    let rule = |kind: &str, segments: &str| {
        let found = message(&format!("{}{segments}", MSH.replace("REF^I12", kind)));
        match order(&found, &link) {
            Order::Other => "other",
            Order::Referral(None) => "referral",
            Order::Referral(Some(rule)) => {
                match link.referrals.iter().position(|one| one == rule) {
                    Some(0) => "first",
                    Some(1) => "second",
                    _ => "third",
                }
            }
        }
    };
    let order = |segments: &str| rule("ORM^O01", segments);
    assert_eq!(order("OBR|1|||CM1^Case^L"), "first");
    assert_eq!(order("OBR|1|||467^Food^SCT^CM1^Case^L"), "first");
    assert_eq!(order("OBR|1|||CM1^Case^LN"), "other");
    assert_eq!(order(&format!("OBR|1{}CM1^Case^L", "|".repeat(43))), "first");
    assert_eq!(order("OBR|1|||CM2\rDG1|1||Z59.1^Bad^I10"), "second");
    assert_eq!(order("OBR|1|||CM2\rDG1|1||Z60.1"), "other");
    assert_eq!(order(&format!("OBR|1{}Z5941", "|".repeat(30))), "third");
    assert_eq!(order("OBR|1|||X\rDG1|1||J45\rDG1|2||z59.41"), "third");
    assert_eq!(order("OBR|1|||X\rDG1|1||Z59"), "other");
    assert_eq!(rule("OMG^O19", "OBR|1|||CM1^Case^L"), "first");
    // A REF is a referral, by a rule or without; anything else is no order.
    assert_eq!(rule("REF^I12", "OBR|1|||CM1^Case^L"), "first");
    assert_eq!(rule("REF^I12", "RF1|P"), "referral");
    assert_eq!(rule("ORU^R01", "OBR|1|||CM1^Case^L"), "other");
    let plain = Link::new("EHR", "HOSPA");
    let kind = |kind: &str| super::order(&message(&MSH.replace("REF^I12", kind)), &plain);
    assert_eq!((kind("REF^I12"), kind("ORM^O01")), (Order::Referral(None), Order::Other));
}
