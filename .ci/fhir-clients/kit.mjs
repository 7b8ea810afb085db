// fhir-kit-client as the hospital's client and as the pantry's: a referral from the Bundle to the
// outcome. BASE CA CERTIFICATES HOSPITAL; on standard input the Bundle, and what else is handed in.
import assert from "node:assert/strict";
import fs from "node:fs";
import { Client } from "fhir-kit-client";
import { Agent, setGlobalDispatcher } from "undici";

const [baseUrl, ca, folder, hospitalName] = process.argv.slice(2);
const given = JSON.parse(fs.readFileSync(0, "utf8"));

const read = (path) => fs.readFileSync(path);
const dispatcher = (name) =>
  new Agent({
    connect: { ca: read(ca), cert: read(`${folder}/${name}.pem`), key: read(`${folder}/${name}.key`) },
  });
// Nothing goes out without a partner's certificate by mistake.
setGlobalDispatcher(new Agent({ connect: { ca: read(ca) } }));
const partner = (name) => new Client({ baseUrl, requestOptions: { dispatcher: dispatcher(name) } });
const hospital = partner(hospitalName);
const pantry = partner("pantry");

let done = 0;
const failed = [];
async function step(words, act) {
  try {
    await act();
    done += 1;
  } catch (error) {
    failed.push(words);
    const told = error.response ? JSON.stringify(error.response) : String(error.stack ?? error);
    console.log(`fhir-clients: fhir-kit-client: ${words}: ${error.message} ${told.slice(0, 600)}`);
  }
}
async function refused(status, act) {
  const error = await act().then(() => undefined, (error) => error);
  assert.equal(error?.response?.status, status, `${error ?? "it was not refused"}`);
  assert.equal(error.response.data.resourceType, "OperationOutcome");
}
const header = (answer, name) => Client.httpFor(answer).response.headers.get(name);
const place = (location) => location.split("/_history/")[0].split("/").slice(-2).join("/");
const of = (reference) => {
  const [resourceType, id] = reference.split("/");
  return { resourceType, id };
};
const resources = (bundle) => (bundle.entry ?? []).map((one) => one.resource);
const put = (client, resource, version, more = {}) =>
  client.update({
    resourceType: resource.resourceType,
    id: resource.id,
    body: resource,
    options: { headers: { "If-Match": version, ...more } },
  });

let maria, request, task, placed, version, procedure;
await step("reads what the server can do", async () => {
  const says = await hospital.capabilityStatement();
  assert.equal(says.fhirVersion, "4.0.1");
});
await step("hands in the referral", async () => {
  const answer = await hospital.transaction({ body: given.bundle });
  [maria, , request, task] = answer.entry.map((one) => place(one.response.location));
});
await step("reads back its Task, and its version", async () => {
  const mine = await hospital.read(of(task));
  assert.deepEqual([mine.status, mine.for.reference], ["requested", maria]);
  const same = await hospital.vread({ ...of(task), version: mine.meta.versionId });
  assert.deepEqual(same, mine);
  assert.equal((await hospital.resolve({ reference: mine.focus.reference })).id, of(request).id);
});
await step("finds the Task placed with the pantry", async () => {
  const searchParams = { owner: "Organization/pantry", status: "requested" };
  const found = await pantry.search({ resourceType: "Task", searchParams });
  [placed] = resources(found);
  assert.equal(found.entry.length, 1);
  assert.equal(found.total, undefined);
  const posted = await pantry.search({
    resourceType: "Task",
    searchParams,
    options: { postSearch: true },
  });
  assert.deepEqual(resources(posted), [placed]);
});
await step("reads the request and the person", async () => {
  const asked = await pantry.resolve({ reference: placed.focus.reference });
  const person = await pantry.resolve({ reference: placed.for.reference });
  assert.equal(asked.code.coding[0].code, "467771000124109");
  assert.equal(person.name[0].family, "Lindqvist-Okafor");
});
await step("is not shown the hospital's own Task", () => refused(404, () => pantry.read(of(task))));
await step("accepts, and is told when it was late", async () => {
  const first = await pantry.read(of(`Task/${placed.id}`));
  const before = header(first, "etag");
  const answer = await put(pantry, { ...first, status: "accepted" }, before);
  version = header(answer, "etag");
  assert.notEqual(version, before);
  await refused(412, () => put(pantry, { ...first, status: "in-progress" }, before));
});
await step("is at it", async () => {
  const body = { ...(await pantry.read(of(`Task/${placed.id}`))), status: "in-progress" };
  placed = await put(pantry, body, version, { Prefer: "return=representation" });
  assert.equal(placed.status, "in-progress");
});
await step("says what it did", async () => {
  const body = given.procedure;
  body.basedOn = [{ reference: placed.focus.reference }];
  body.subject = { reference: placed.for.reference };
  const answer = await pantry.create({ resourceType: "Procedure", body });
  assert.equal(Client.httpFor(answer).response.status, 201);
  procedure = place(header(answer, "location"));
  assert.equal((await pantry.read(of(procedure))).status, "completed");
});
await step("completes with the Procedure", async () => {
  given.output[0].valueReference.reference = procedure;
  const body = { ...placed, status: "completed", output: given.output };
  await put(pantry, body, header(placed, "etag"));
});
await step("finds what came back", async () => {
  const searchParams = { _id: of(task).id, _include: ["Task:output", "Task:focus"] };
  const found = await hospital.search({ resourceType: "Task", searchParams });
  const [closed, ...others] = resources(found);
  assert.equal(closed.status, "completed");
  const kinds = others.map((one) => one.resourceType).sort();
  assert.deepEqual(kinds, ["Procedure", "ServiceRequest"]);
  const outcome = others.find((one) => one.resourceType === "Procedure");
  assert.equal(closed.output[0].valueReference.reference, `Procedure/${outcome.id}`);
  const inside = await hospital.resolve({
    reference: closed.output[0].valueReference.reference,
    context: found,
  });
  assert.equal(inside.basedOn[0].reference, request);
});
await step("makes what is not there, and not what is", async () => {
  const [patient] = resources(given.bundle);
  const { system, value } = patient.identifier[0];
  const create = (identifier) =>
    hospital.create({
      resourceType: "Patient",
      body: { ...patient, identifier: [{ system, value: identifier }] },
      options: { headers: { "If-None-Exist": `identifier=${system}|${identifier}` } },
    });
  const again = await create(value);
  assert.equal(Client.httpFor(again).response.status, 200);
  assert.equal(place(header(again, "location") ?? header(again, "content-location")), maria);
  const other = await create("A-2");
  assert.equal(Client.httpFor(other).response.status, 201);
});
await step("creates several at once", async () => {
  const entry = given.observations.map((resource) => ({
    resource: { ...resource, subject: { reference: maria } },
    request: { method: "POST", url: "Observation" },
  }));
  entry.push({ request: { method: "GET", url: task } });
  entry.push({ request: { method: "GET", url: "Task?color=red" } });
  const answer = await hospital.batch({ body: { resourceType: "Bundle", type: "batch", entry } });
  const codes = answer.entry.map((one) => one.response.status.split(" ")[0]);
  assert.deepEqual(codes, ["201", "201", "201", "201", "201", "200", "400"]);
});
await step("turns the pages", async () => {
  const searchParams = { patient: maria, _count: 2 };
  const days = [];
  let bundle = await hospital.search({ resourceType: "Observation", searchParams });
  for (; bundle; bundle = await hospital.nextPage({ bundle })) {
    assert.ok((bundle.entry ?? []).length <= 2);
    days.push(...resources(bundle).map((one) => one.effectiveDateTime));
  }
  assert.deepEqual(days, given.observations.map((one) => one.effectiveDateTime));
});
await step("changes what it names by a search", async () => {
  const searchParams = { patient: maria, _count: 1 };
  const [first] = resources(await hospital.search({ resourceType: "Observation", searchParams }));
  const answer = await hospital.update({
    resourceType: "Observation",
    searchParams: { _id: first.id },
    body: { ...first, valueQuantity: { value: 5 } },
  });
  assert.equal(header(answer, "etag"), 'W/"2"');
});
await step("is refused in words", async () => {
  await refused(400, () => hospital.search({ resourceType: "Task", searchParams: { color: "red" } }));
  await refused(405, () => hospital.delete(of(task)));
  await refused(404, () => hospital.read(of("Task/none")));
});
console.log(JSON.stringify({ done, failed }));
process.exit(failed.length === 0 ? 0 : 1);
