//! The server as a whole: what it says of itself, TLS, formats, and how it refuses.

use std::rc::Rc;

use super::{CP, HTTP};
use crate::case::{Check, Level, Suite, fail, hold, skip};
use crate::client::{FHIR, Https, Sent, Wire};
use crate::people::patient;
use crate::world::World;

const STATEMENT: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/CapabilityStatement/SDOHCC-CoordinationPlatform";

/// Adds them.
pub fn add(suite: &mut Suite) {
    says(suite);
    formats(suite);
    refusals(suite);
    safety(suite);
}

fn says(suite: &mut Suite) {
    use Level::{Shall, Should};
    suite.add("system.metadata", Shall, format!("{HTTP}#capabilities"), &[], |world| {
        let answer = world.source.get("metadata").expect(200)?;
        answer.is_fhir()?;
        let json = &answer.json;
        hold(json["resourceType"] == "CapabilityStatement", || answer.shown())?;
        hold(
            json["kind"] == "instance" && json["implementation"]["description"].is_string(),
            || "it is not of kind instance with an implementation".into(),
        )?;
        hold(json["status"].is_string() && json["date"].is_string(), || {
            "status or date is missing".into()
        })
    });
    suite.add("system.instantiates", Shall, CP, &["system/instantiates"], |world| {
        let named = world.statement()["instantiates"].as_array().cloned().unwrap_or_default();
        let names = |one: &serde_json::Value| {
            one.as_str().is_some_and(|url| url.split('|').next() == Some(STATEMENT))
        };
        hold(named.iter().any(names), || format!("instantiates is {named:?}"))
    });
    suite.add("system.fhir-version", Shall, CP, &["system/fhirVersion"], |world| {
        let version = &world.statement()["fhirVersion"];
        hold(version == "4.0.1", || format!("fhirVersion is {version}"))
    });
    suite.add("system.smart", Shall, CP, &["system/security.SMART-on-FHIR"], |world| {
        let security = &world.statement()["rest"][0]["security"];
        hold(security["service"].to_string().contains("\"SMART-on-FHIR\""), || {
            "no security service is SMART-on-FHIR".into()
        })
    });
    suite.add("system.batch", Should, CP, &["system/interaction.batch"], |world| {
        let all = world.statement()["rest"][0]["interaction"].as_array().cloned();
        hold(all.is_some_and(|all| all.iter().any(|one| one["code"] == "batch")), || {
            "the CapabilityStatement does not list batch".into()
        })
    });
    for (kind, param) in [("ServiceRequest", "supporting-info"), ("Task", "output")] {
        let id = format!("system.definition.{kind}.{param}");
        suite.add(id, Shall, format!("{CP}, {kind}, {param}"), &[], move |world| {
            let name = if param == "output" {
                "Task-output-reference"
            } else {
                "ServiceRequest-supporting-info"
            };
            let canonical =
                format!("http://hl7.org/fhir/us/sdoh-clinicalcare/SearchParameter/{name}");
            let says = world.says(kind).cloned().unwrap_or_default();
            let params = says["searchParam"].as_array().cloned().unwrap_or_default();
            let found = params.iter().find(|one| one["name"] == param);
            let right = |one: &&serde_json::Value| {
                one["definition"]
                    .as_str()
                    .is_some_and(|url| url.split('|').next() == Some(&canonical))
            };
            hold(found.filter(right).is_some(), || {
                format!("no {param} with definition {canonical}")
            })
        });
    }
    suite.add("system.served", Shall, format!("{HTTP}#capabilities"), &[], |world| {
        let rest = &world.statement()["rest"][0]["resource"];
        let kinds = rest.as_array().cloned().unwrap_or_default();
        for kind in kinds.iter().filter_map(|one| one["type"].as_str()) {
            if world.offers(kind, "search-type") {
                let answer = world.source.get(&format!("{kind}?_id=nobody-{}", world.unique()));
                answer.page()?.are(&[])?;
            }
        }
        Ok(())
    });
}

fn formats(suite: &mut Suite) {
    use Level::{Shall, Should};
    let http = |part: &str| format!("{HTTP}#{part}");
    for (id, accept) in [
        ("fhir-json", FHIR),
        ("json", "application/json"),
        ("any", "*/*"),
        ("several", "text/html;q=0.2, application/fhir+json;q=0.9"),
    ] {
        let rows: &[&str] = if id == "fhir-json" { &["system/format.json"] } else { &[] };
        suite.add(format!("format.accept.{id}"), Shall, http("mime-type"), rows, move |world| {
            world.source.get_with("metadata", &[("accept", accept)]).expect(200)?.is_fhir()
        });
    }
    for (id, format) in [("json", "json"), ("mime", "application/fhir%2Bjson")] {
        suite.add(format!("format._format.{id}"), Should, http("mime-type"), &[], move |world| {
            // It goes before Accept.
            let path = format!("metadata?_format={format}");
            world
                .source
                .get_with(&path, &[("accept", "application/fhir+xml")])
                .expect(200)?
                .is_fhir()
        });
    }
    suite.add("format.xml", Shall, CP, &["system/format.xml", "task-5"], |world| {
        let listed = world.statement()["format"].to_string();
        hold(listed.contains("xml"), || format!("format is {listed}"))?;
        let answer = world.source.get_with("metadata", &[("accept", "application/fhir+xml")]);
        let answer = answer.expect(200)?;
        hold(answer.header("content-type").is_some_and(|media| media.contains("xml")), || {
            format!("{} in another format", answer.told())
        })
    });
    for (id, path, accept) in [
        ("accept", "Patient", "application/fhir+xml"),
        ("_format", "Patient?_format=xml", "*/*"),
        ("nonsense", "Patient", "application/x-nonsense"),
    ] {
        suite.add(
            format!("format.not-acceptable.{id}"),
            Should,
            http("mime-type"),
            &[],
            move |world| {
                if id != "nonsense" && world.statement()["format"].to_string().contains("xml") {
                    return skip("the server has XML");
                }
                world.source.get_with(path, &[("accept", accept)]).expect(406).map(drop)
            },
        );
    }
    for (id, media) in [("xml", "application/fhir+xml"), ("text", "text/plain")] {
        suite.add(
            format!("format.unsupported.{id}"),
            Shall,
            http("mime-type"),
            &[],
            move |world| {
                if id == "xml" && world.statement()["format"].to_string().contains("xml") {
                    return skip("the server has XML");
                }
                let body = patient(world, "Abara", "Ada").to_string();
                let answer = world.source.call(
                    "POST",
                    "Patient",
                    &[("content-type", media)],
                    body.as_bytes(),
                );
                answer.expect(415).map(drop)
            },
        );
    }
    suite.add("format.charset", Should, http("mime-type"), &[], |world| {
        let mut named = patient(world, "Łukasiewicz-Ñandú", "Zoë");
        named["name"][0]["text"] = "Zoë".into();
        let media = [("content-type", "application/fhir+json; charset=utf-8")];
        let body = named.to_string();
        let answer = world.source.call("POST", "Patient", &media, body.as_bytes()).expect(201)?;
        let read = world.source.get(&answer.created()?).expect(200)?;
        hold(read.json["name"] == named["name"], || "the name is not read back as sent".into())
    });
}

fn refusals(suite: &mut Suite) {
    use Level::{Shall, Should};
    let http = |part: &str| format!("{HTTP}#{part}");
    let bodies: [(&str, &str, &str, &[u16]); 6] = [
        ("no-json", "Patient", "{\"resourceType\":", &[400]),
        ("nothing", "Patient", "", &[400]),
        ("no-type", "Patient", "{}", &[400, 422]),
        (
            "another-type",
            "Patient",
            "{\"resourceType\":\"Organization\",\"name\":\"O\"}",
            &[400, 422],
        ),
        ("empty-element", "Patient", "{\"resourceType\":\"Patient\",\"name\":[]}", &[400, 422]),
        ("wrong-shape", "Patient", "{\"resourceType\":\"Patient\",\"birthDate\":{}}", &[400, 422]),
    ];
    for (id, path, body, statuses) in bodies {
        suite.add(format!("refusal.{id}"), Shall, http("create"), &[], move |world| {
            let media = [("content-type", FHIR)];
            world.source.call("POST", path, &media, body.as_bytes()).refused(statuses).map(drop)
        });
    }
    suite.add("refusal.value", Shall, http("create"), &[], |world| {
        let mut body = patient(world, "Abara", "Ada");
        body["gender"] = "nonsense".into();
        let answer = world.source.post("Patient", &body).refused(&[400, 422])?;
        hold(!answer.text.contains("Abara"), || "the refusal repeats what it was sent".into())
    });
    suite.add("refusal.located", Should, "R4 operationoutcome.html", &[], |world| {
        let mut body = patient(world, "Abara", "Ada");
        body["name"] = serde_json::json!([]);
        let answer = world.source.post("Patient", &body).refused(&[400, 422])?;
        let found = answer.expressions();
        hold(found.iter().any(|at| at.ends_with(".name")), || format!("expression is {found:?}"))
    });
    suite.add("refusal.unknown-type", Shall, http("Status-Codes"), &[], |world| {
        world.source.get("Nonsense/1").refused(&[404])?;
        world.source.get("Nonsense?_id=1").refused(&[404]).map(drop)
    });
    for (method, path) in [("DELETE", "Patient/x"), ("PATCH", "Patient/x")] {
        suite.add(format!("refusal.{method}"), Shall, http("Status-Codes"), &[], move |world| {
            let code = if method == "DELETE" { "delete" } else { "patch" };
            if world.offers("Patient", code) {
                return skip(format!("{code} is offered"));
            }
            let media = [("content-type", FHIR)];
            world.source.call(method, path, &media, b"{}").refused(&[404, 405]).map(drop)
        });
    }
    suite.add("refusal.unknown-operation", Shall, http("Status-Codes"), &[], |world| {
        world
            .source
            .post("Patient/$nonsense", &serde_json::json!({ "resourceType": "Parameters" }))
            .refused(&[400, 404, 405])
            .map(drop)
    });
}

fn safety(suite: &mut Suite) {
    use Level::{May, Shall, Should};
    let privacy = "SDOHCC privacy_and_security.html";
    suite.add("safety.stranger", Shall, format!("{privacy}, priv-9"), &["priv-9"], |world| {
        for name in ["Patient A", "Task A", "Organization A", "Consent A"] {
            world.stranger.get(world.chart().at(name)?).expect_any(&[401, 403])?;
        }
        for path in ["Patient", "Task?status=requested", "Patient/nobody"] {
            world.stranger.get(path).expect_any(&[401, 403])?;
        }
        let body = patient(world, "Abara", "Ada");
        world.stranger.post("Patient", &body).expect_any(&[401, 403]).map(drop)
    });
    for (id, level, version) in
        [("tls.1.3", Should, &rustls::version::TLS13), ("tls.1.2", Shall, &rustls::version::TLS12)]
    {
        suite.add(id, level, format!("{privacy}, priv-8"), &["priv-8"], move |world| {
            handshake(world, version)
        });
    }
    suite.add("safety.no-cors", May, "R4 security.html#cors", &[], |world| {
        let origin =
            [("origin", "https://elsewhere.example"), ("access-control-request-method", "GET")];
        let plain = world.source.get_with("metadata", &origin[..1]);
        let asked = world.source.call("OPTIONS", "Patient", &origin, b"");
        for answer in [plain, asked] {
            hold(answer.header("access-control-allow-origin").is_none(), || {
                "a page of any origin may read answers".into()
            })?;
        }
        Ok(())
    });
    suite.add("safety.no-store", May, "R4 security.html", &[], |world| {
        let answer = world.chart().read(world, "Patient A")?;
        let kept = answer.header("cache-control").unwrap_or_default();
        hold(kept.contains("no-store") || kept.contains("private"), || {
            format!("cache-control is {kept:?}: anything in between may keep it")
        })
    });
}

fn handshake(world: &World, version: &'static rustls::SupportedProtocolVersion) -> Check {
    if !world.base().starts_with("https") {
        return skip("the base URL is not HTTPS");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let tls = world.access.tls(Some(&world.access.source), &[version]);
    let (Ok(runtime), Ok(tls)) = (runtime, tls) else { return fail("no client could be made") };
    let Ok(wire) = Https::new(Rc::new(runtime), tls) else {
        return fail("no client could be made");
    };
    let url = format!("{}/metadata", world.base());
    let sent = Sent { method: "GET".into(), url, headers: Vec::new(), body: Vec::new() };
    wire.send(&sent).expect(200).map(drop)
}
