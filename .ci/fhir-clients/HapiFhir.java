// The client of HAPI FHIR as the hospital's and as the pantry's: a referral from the Bundle to the
// outcome. BASE CA CERTIFICATES HOSPITAL; on standard input the Bundle, and what else is handed in. Its
// parser is told to refuse whatever is not R4.

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.StrictErrorHandler;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.PreferReturnEnum;
import ca.uhn.fhir.rest.api.SearchStyleEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.http.impl.client.HttpClients;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.hl7.fhir.r4.model.Patient;
import org.hl7.fhir.r4.model.Procedure;
import org.hl7.fhir.r4.model.Quantity;
import org.hl7.fhir.r4.model.Reference;
import org.hl7.fhir.r4.model.Resource;
import org.hl7.fhir.r4.model.ServiceRequest;
import org.hl7.fhir.r4.model.Task;

public class HapiFhir {
    interface Act {
        void act() throws Exception;
    }

    final FhirContext context = strict();
    final IGenericClient hospital;
    final IGenericClient pantry;
    final JsonNode given;
    int done;
    final List<String> failed = new ArrayList<>();

    IdType maria, request, mine, procedure;
    Task placed;

    public static void main(String[] words) throws Exception {
        HapiFhir client = new HapiFhir(words[0], words[1], words[2], words[3]);
        client.play();
        System.out.println("{\"done\": " + client.done + "}");
        System.exit(client.failed.isEmpty() ? 0 : 1);
    }

    HapiFhir(String base, String ca, String folder, String name) throws Exception {
        hospital = partner(base, ca, folder + "/" + name);
        pantry = partner(base, ca, folder + "/pantry");
        given = new ObjectMapper().readTree(System.in);
    }

    static FhirContext strict() {
        FhirContext context = FhirContext.forR4();
        context.setParserErrorHandler(new StrictErrorHandler());
        return context;
    }

    static IGenericClient partner(String base, String ca, String certificate) throws Exception {
        var tls = Tls.of(ca, certificate + ".pem", certificate + ".key");
        // Of its own, else the last certificate that was set is everybody's.
        var factory = strict().getRestfulClientFactory();
        factory.setHttpClient(HttpClients.custom().setSSLContext(tls).build());
        return factory.newGenericClient(base);
    }

    void step(String words, Act act) {
        try {
            act.act();
            done++;
        } catch (Exception | AssertionError error) {
            failed.add(words);
            String said = error instanceof BaseServerResponseException answer
                ? " " + answer.getResponseBody() : "";
            String told = error + said + " " + List.of(error.getStackTrace()).stream()
                .filter(at -> at.getClassName().startsWith("HapiFhir")).findFirst().orElse(null);
            told = told.length() > 600 ? told.substring(0, 600) : told;
            System.out.println("fhir-clients: hapi: " + words + ": " + told);
        }
    }

    static void same(Object found, Object wanted) {
        if (!wanted.equals(found)) {
            throw new AssertionError(found + " and not " + wanted);
        }
    }

    static void refused(int status, Act act) throws Exception {
        try {
            act.act();
        } catch (BaseServerResponseException error) {
            same(error.getStatusCode(), status);
            same(error.getOperationOutcome() instanceof OperationOutcome, true);
            return;
        }
        throw new AssertionError("it was not refused");
    }

    <T extends IBaseResource> T read(String name, Class<T> kind) {
        return context.newJsonParser().parseResource(kind, given.get(name).toString());
    }

    static List<Resource> resources(Bundle bundle) {
        return bundle.getEntry().stream().map(Bundle.BundleEntryComponent::getResource)
            .collect(Collectors.toList());
    }

    Bundle search(IGenericClient client, String path) {
        return client.search().byUrl(path).returnBundle(Bundle.class).execute();
    }

    /** The Task with that status, of the version that was read: its id says which, so it is If-Match. */
    MethodOutcome move(Task task, Task.TaskStatus status) {
        task.setStatus(status);
        return pantry.update().resource(task).execute();
    }

    Task again() {
        return pantry.read().resource(Task.class).withId(placed.getIdElement().getIdPart()).execute();
    }

    Stream<Observation> observations() {
        List<Observation> all = new ArrayList<>();
        for (JsonNode one : given.get("observations")) {
            var parsed = context.newJsonParser().parseResource(Observation.class, one.toString());
            all.add(parsed.setSubject(new Reference(maria.toUnqualifiedVersionless())));
        }
        return all.stream();
    }

    void play() {
        step("reads what the server can do", () -> {
            var says = hospital.capabilities().ofType(CapabilityStatement.class).execute();
            same(says.getFhirVersion().toCode(), "4.0.1");
        });
        step("hands in the referral", () -> {
            var answer = hospital.transaction().withBundle(read("bundle", Bundle.class)).execute();
            List<IdType> places = answer.getEntry().stream()
                .map(one -> new IdType(one.getResponse().getLocation()).toUnqualified()).toList();
            maria = places.get(0);
            request = places.get(2);
            mine = places.get(3);
        });
        step("reads back its Task, and its version", () -> {
            var id = mine.getIdPart();
            var task = hospital.read().resource(Task.class).withId(id).execute();
            same(task.getFor().getReference(), maria.toVersionless().getValue());
            var version = task.getIdElement().getVersionIdPart();
            var then = hospital.read().resource(Task.class).withIdAndVersion(id, version).execute();
            same(then.equalsDeep(task), true);
        });
        step("keeps a copy that has not changed", () -> {
            var copy = new Task();
            var task = hospital.read().resource(Task.class).withId(mine.getIdPart())
                .ifVersionMatches(mine.getVersionIdPart()).returnResource(copy).execute();
            same(task == copy, true);
        });
        step("finds the Task placed with the pantry", () -> {
            var wanted = pantry.search().forResource(Task.class)
                .where(Task.OWNER.hasId("Organization/pantry"))
                .and(Task.STATUS.exactly().code("requested"));
            var found = wanted.returnBundle(Bundle.class).execute();
            same(found.getEntry().size(), 1);
            placed = (Task) found.getEntryFirstRep().getResource();
            var posted = wanted.usingStyle(SearchStyleEnum.POST).returnBundle(Bundle.class).execute();
            same(posted.getEntryFirstRep().getResource().equalsDeep(placed), true);
        });
        step("reads the request and the person", () -> {
            var asked = pantry.read().resource(ServiceRequest.class)
                .withUrl(placed.getFocus().getReference()).execute();
            var person = pantry.read().resource(Patient.class)
                .withUrl(placed.getFor().getReference()).execute();
            same(asked.getCode().getCodingFirstRep().getCode(), "467771000124109");
            same(person.getNameFirstRep().getFamily(), "Lindqvist-Okafor");
        });
        step("is not shown the hospital's own Task", () -> refused(404, () ->
            pantry.read().resource(Task.class).withId(mine.getIdPart()).execute()));
        step("accepts, and is told when it was late", () -> {
            Task first = again(), late = again();
            var version = move(first, Task.TaskStatus.ACCEPTED).getId().getVersionIdPart();
            same(version.equals(late.getIdElement().getVersionIdPart()), false);
            refused(412, () -> move(late, Task.TaskStatus.INPROGRESS));
        });
        step("is at it", () -> {
            var body = again().setStatus(Task.TaskStatus.INPROGRESS);
            var answer = pantry.update().resource(body)
                .prefer(PreferReturnEnum.REPRESENTATION).execute();
            placed = (Task) answer.getResource();
            same(placed.getStatus(), Task.TaskStatus.INPROGRESS);
        });
        step("says what it did", () -> {
            var did = read("procedure", Procedure.class);
            did.getBasedOnFirstRep().setReference(placed.getFocus().getReference());
            did.getSubject().setReference(placed.getFor().getReference());
            var answer = pantry.create().resource(did).execute();
            same(answer.getCreated(), true);
            procedure = (IdType) answer.getId();
            pantry.read().resource(Procedure.class).withId(procedure.getIdPart()).execute();
        });
        step("completes with the Procedure", () -> {
            var outcome = new Reference(procedure.toUnqualifiedVersionless());
            var body = again();
            body.addOutput().setValue(outcome).getType().addCoding()
                .setSystem(given.at("/output/0/type/coding/0/system").asText())
                .setCode(given.at("/output/0/type/coding/0/code").asText());
            move(body, Task.TaskStatus.COMPLETED);
        });
        step("finds what came back", () -> {
            var found = hospital.search().forResource(Task.class)
                .where(Task.RES_ID.exactly().code(mine.getIdPart()))
                .include(new ca.uhn.fhir.model.api.Include("Task:output"))
                .include(Task.INCLUDE_FOCUS).returnBundle(Bundle.class).execute();
            var kinds = resources(found).stream().map(Resource::fhirType).sorted().toList();
            same(kinds, List.of("Procedure", "ServiceRequest", "Task"));
            var closed = (Task) found.getEntryFirstRep().getResource();
            // The client has put what was included in its place.
            var outcome = (Procedure) ((Reference) closed.getOutputFirstRep().getValue()).getResource();
            same(closed.getStatus(), Task.TaskStatus.COMPLETED);
            same(outcome.getBasedOnFirstRep().getReference(), request.toVersionless().getValue());
        });
        step("makes what is not there, and not what is", () -> {
            var patient = (Patient) read("bundle", Bundle.class).getEntryFirstRep().getResource();
            var name = patient.getIdentifierFirstRep();
            var again = hospital.create().resource(patient).conditional()
                .where(Patient.IDENTIFIER.exactly().systemAndCode(name.getSystem(), name.getValue()))
                .execute();
            same(again.getId().getIdPart(), maria.getIdPart());
            same(again.getCreated() == null || !again.getCreated(), true);
        });
        step("creates several at once", () -> {
            var batch = new Bundle().setType(Bundle.BundleType.BATCH);
            observations().forEach(one -> batch.addEntry().setResource(one)
                .getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("Observation"));
            for (String path : List.of(mine.toVersionless().getValue(), "Task?color=red")) {
                batch.addEntry().getRequest().setMethod(Bundle.HTTPVerb.GET).setUrl(path);
            }
            var answer = hospital.transaction().withBundle(batch).execute();
            var codes = answer.getEntry().stream()
                .map(one -> one.getResponse().getStatus().substring(0, 3)).toList();
            same(codes, List.of("201", "201", "201", "201", "201", "200", "400"));
        });
        step("turns the pages", () -> {
            var bundle = hospital.search().forResource(Observation.class)
                .where(Observation.PATIENT.hasId(maria.toVersionless())).count(2).returnBundle(Bundle.class).execute();
            List<String> days = new ArrayList<>();
            while (true) {
                resources(bundle).forEach(one ->
                    days.add(((Observation) one).getEffectiveDateTimeType().getValueAsString()));
                if (bundle.getLink(Bundle.LINK_NEXT) == null) {
                    break;
                }
                bundle = hospital.loadPage().next(bundle).execute();
            }
            same(days, observations()
                .map(one -> one.getEffectiveDateTimeType().getValueAsString()).toList());
        });
        step("changes what it names by a search", () -> {
            var path = "Observation?patient=" + maria.toVersionless().getValue() + "&_count=1";
            var first = (Observation) resources(search(hospital, path)).get(0);
            var id = first.getIdElement().getIdPart();
            first.setValue(new Quantity(5)).setId((String) null);
            var answer = hospital.update().resource(first).conditionalByUrl("Observation?_id=" + id)
                .execute();
            same(answer.getId().getVersionIdPart(), "2");
        });
        step("is refused in words", () -> {
            refused(400, () -> search(hospital, "Task?color=red"));
            refused(405, () -> hospital.delete().resourceById("Task", mine.getIdPart()).execute());
            refused(404, () -> hospital.read().resource(Task.class).withId("none").execute());
        });
    }
}
