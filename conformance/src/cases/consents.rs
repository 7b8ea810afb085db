//! Without consent a target learns nothing; with it, no more than is needed; and none after it ended.

use serde_json::json;

use crate::case::{Check, Level, Suite, hold};
use crate::client::{Party, reference_of};
use crate::people::{Refer, Referred, placed, referred};
use crate::world::World;

const PRIVACY: &str = "SDOHCC privacy_and_security.html";

/// Adds them.
pub fn add(suite: &mut Suite) {
    use Level::Shall;
    let clause = format!("{PRIVACY}, priv-4 and priv-5");
    let rows: &[&str] = &["priv-4", "priv-5"];
    suite.add("consent.none", Shall, clause.clone(), rows, |world| {
        let (target, _) = world.target()?;
        let referred = Refer { consented: None, ..Refer::food() }.send(world)?;
        sees_nothing(world, target, &referred)
    });
    suite.add("consent.for-another-need", Shall, clause.clone(), rows, |world| {
        let (target, _) = world.target()?;
        let other: &[&str] = &["housing-instability"];
        let referred = Refer { consented: Some(other), ..Refer::food() }.send(world)?;
        sees_nothing(world, target, &referred)
    });
    suite.add("consent.given", Shall, clause.clone(), rows, |world| referred(world).map(drop));
    suite.add("consent.taken-back", Shall, clause.clone(), rows, |world| {
        let (target, _) = world.target()?;
        let (referred, placed) = referred(world)?;
        target.get(&referred.patient).expect(200)?;
        let consent = referred.consent.clone().unwrap_or_default();
        let mut body = world.source.get(&consent).expect(200)?.json;
        body["status"] = json!("inactive");
        world.source.put(&consent, &body).expect(200)?;
        for at in [reference_of(&placed), referred.patient.clone()] {
            target.get(&at).refused(&[403, 404])?;
        }
        sees_nothing(world, target, &referred)
    });
    suite.add("consent.not-the-targets", Shall, clause.clone(), rows, |world| {
        let (target, _) = world.target()?;
        let (referred, _) = referred(world)?;
        let consent = referred.consent.clone().unwrap_or_default();
        for at in [consent, referred.request.clone(), referred.task.clone()] {
            target.get(&at).refused(&[403, 404])?;
        }
        Ok(())
    });
    suite.add("consent.include-is-no-way-round", Shall, clause, rows, |world| {
        let (target, _) = world.target()?;
        let (_, placed) = referred(world)?;
        let id = placed["id"].as_str().unwrap_or_default();
        let focus = placed["focus"]["reference"].as_str().unwrap_or_default().to_owned();
        let query =
            format!("_id={id}&_include=Task:focus&_include=Task:patient&_include=Task:part-of");
        let answer = target.get(&format!("Task?{query}"));
        let may = [focus, placed["for"]["reference"].as_str().unwrap_or_default().to_owned()];
        // An include that it does not have may be refused.
        if answer.status == 400 {
            return answer.outcome();
        }
        let included = answer.page()?.ids("include");
        hold(included.iter().all(|one| may.contains(one)), || format!("included {included:?}"))
    });
    needed(suite);
}

fn sees_nothing(world: &World, target: &Party, referred: &Referred) -> Check {
    let page = target.search("Task", &format!("patient={}", referred.patient))?;
    hold(page.matches().is_empty(), || format!("the target finds {:?}", page.matches()))?;
    for at in [&referred.patient, &referred.request, &referred.task] {
        target.get(at).refused(&[403, 404])?;
    }
    let page = target
        .get(&format!("Patient?_id={}", referred.patient.rsplit('/').next().unwrap_or_default()));
    hold(!page.text.contains("Okonkwo"), || "a search shows the person".into())?;
    // Its source reads what it supplied, all the same.
    world.source.get(&referred.patient).expect(200).map(drop)
}

fn needed(suite: &mut Suite) {
    use Level::Shall;
    suite.add(
        "consent.contact-prohibited",
        Shall,
        "SDOHCC SDOHCC-ServiceRequest, orderDetail",
        &[],
        |world| {
            let (target, _) = world.target()?;
            let referred = Refer { contact_prohibited: true, ..Refer::food() }.send(world)?;
            let task = placed(target, &referred.patient)?;
            let focus = task["focus"]["reference"].as_str().unwrap_or_default().to_owned();
            let request = target.get(&focus).expect(200)?;
            hold(
                request.json["orderDetail"].to_string().contains("contacting-subject-prohibited"),
                || "the target is not told that it must not contact the person".into(),
            )
        },
    );
    suite.add(
        "consent.contact-prohibited-hides-contact",
        Level::May,
        format!("{PRIVACY}, minimum necessary"),
        &[],
        |world| {
            let (target, _) = world.target()?;
            let referred = Refer { contact_prohibited: true, ..Refer::food() }.send(world)?;
            let patient = target.get(&referred.patient).expect(200)?;
            hold(!patient.text.contains("+1 555 0133"), || {
                "it is given the number not to call".into()
            })
        },
    );
    for (id, part) in
        [("address", "9 Alder Walk"), ("birth-date", "1987-03-09"), ("number", "MRN-")]
    {
        let clause = format!("{PRIVACY}, minimum necessary");
        suite.add(
            format!("consent.food-needs-no-{id}"),
            Shall,
            clause,
            &["conf-3", "priv-10"],
            move |world| {
                let (target, _) = world.target()?;
                let (referred, _) = referred(world)?;
                let patient = target.get(&referred.patient).expect(200)?;
                hold(!patient.text.contains(part), || format!("the target is given {id}"))
            },
        );
    }
    suite.add(
        "consent.name-for-who-serves",
        Shall,
        format!("{PRIVACY}, priv-10"),
        &["priv-10", "conf-3"],
        |world| {
            let (target, _) = world.target()?;
            let (referred, _) = referred(world)?;
            let patient = target.get(&referred.patient).expect(200)?.json;
            hold(patient["name"][0]["family"] == "Okonkwo-Lind", || {
                "the target is not told whom it serves".into()
            })
        },
    );
}
