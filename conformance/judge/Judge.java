import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.Resource;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/**
 * HL7's own validator over folders of FHIR resources in JSON, by the definitions of R4 and by those of a
 * corpus of loose files. No terminology server is asked.
 *
 * <p>{@code Judge CORPUS DECLARED judge FOLDER...}: says for each file that has any how many errors,
 * warnings and declared errors it has, and each error; ends with 1 if there was an error.
 *
 * <p>{@code Judge CORPUS DECLARED wrong FOLDER}: every file of the folder must be refused where
 * {@code refused.tsv} says and for that; ends with 1 if one is not.
 */
public final class Judge {
  /** Definitions beside those of R4. */
  private static final List<String> DEFINITIONS =
      List.of(
          "sdohcc/deps/us-core-7.0.0",
          "sdohcc/deps/subscriptions-backport-1.1.0",
          "sdohcc/profiles",
          "sdohcc/valuesets",
          "sdohcc/codesystems",
          "sdohcc/searchparameters",
          "sdohcc/capabilitystatements");

  /** What of those files is a definition: the rest are examples. */
  private static final List<String> DEFINING =
      List.of(
          "StructureDefinition",
          "ValueSet",
          "CodeSystem",
          "SearchParameter",
          "OperationDefinition",
          "CapabilityStatement");

  private final FhirValidator validator;
  private final List<Declared> declared;

  /** Something that is known and not counted: at which places, in which words, and why. */
  private static final class Declared {
    final Pattern place;
    final Pattern words;
    final String reason;
    int met;

    Declared(String place, String words, String reason) {
      this.place = Pattern.compile(place);
      this.words = Pattern.compile(words);
      this.reason = reason;
    }
  }

  /** What was found in one file. */
  private static final class Found {
    final Path file;
    final List<SingleValidationMessage> messages;

    Found(Path file, List<SingleValidationMessage> messages) {
      this.file = file;
      this.messages = messages;
    }
  }

  private Judge(Path corpus, List<Declared> declared) throws IOException {
    this.declared = declared;
    FhirContext context = FhirContext.forR4();
    PrePopulatedValidationSupport loose = new PrePopulatedValidationSupport(context);
    for (String folder : DEFINITIONS) {
      for (Path file : jsonIn(corpus.resolve(folder))) {
        Resource read =
            (Resource) context.newJsonParser().parseResource(Files.readString(file));
        if (DEFINING.contains(read.fhirType())) {
          loose.addResource(read);
        }
      }
    }
    UnknownCodeSystemWarningValidationSupport unknown =
        new UnknownCodeSystemWarningValidationSupport(context);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    ValidationSupportChain chain =
        new ValidationSupportChain(
            new DefaultProfileValidationSupport(context),
            loose,
            new CommonCodeSystemsTerminologyService(context),
            new InMemoryTerminologyServerValidationSupport(context),
            new SnapshotGeneratingValidationSupport(context),
            unknown);
    FhirInstanceValidator instance = new FhirInstanceValidator(chain);
    instance.setBestPracticeWarningLevel(BestPracticeWarningLevel.Hint);
    instance.setErrorForUnknownProfiles(true);
    instance.setAnyExtensionsAllowed(false);
    validator = context.newValidator();
    validator.registerValidatorModule(instance);
  }

  private static List<Path> jsonIn(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + " is not a folder");
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  /** The lines of a table: no comments, and cells parted by tabulators. */
  private static List<String[]> rows(Path table) throws IOException {
    List<String[]> rows = new ArrayList<>();
    for (String line : Files.readAllLines(table)) {
      if (!line.isBlank() && !line.startsWith("#")) {
        rows.add(line.split("\t"));
      }
    }
    return rows;
  }

  private List<Found> judged(List<Path> files) throws Exception {
    ExecutorService workers =
        Executors.newFixedThreadPool(Math.max(2, Runtime.getRuntime().availableProcessors()));
    try {
      List<Future<Found>> asked = new ArrayList<>();
      for (Path file : files) {
        asked.add(workers.submit(() -> judged(file)));
      }
      List<Found> all = new ArrayList<>();
      for (Future<Found> one : asked) {
        all.add(one.get());
      }
      return all;
    } finally {
      workers.shutdown();
    }
  }

  private Found judged(Path file) throws IOException {
    String text = Files.readString(file, StandardCharsets.UTF_8);
    return new Found(file, validator.validateWithResult(text).getMessages());
  }

  private static boolean isError(SingleValidationMessage message) {
    return message.getSeverity() == ResultSeverityEnum.ERROR
        || message.getSeverity() == ResultSeverityEnum.FATAL;
  }

  private static String place(SingleValidationMessage message) {
    return message.getLocationString() == null ? "" : message.getLocationString();
  }

  private Declared declaredAs(SingleValidationMessage message) {
    for (Declared one : declared) {
      if (one.place.matcher(place(message)).find()
          && one.words.matcher(message.getMessage()).find()) {
        return one;
      }
    }
    return null;
  }

  /** The kind of a message: its place without numbers, and its words without codes and values. */
  private static String kind(SingleValidationMessage message) {
    String place =
        place(message)
            .replaceAll("/\\*(\\w+)/.*?\\*/", "($1)")
            .replaceAll("\\[\\d+\\]", "");
    String words =
        message
            .getMessage()
            .replaceAll("\\(?(codes|error message) = .*", "")
            .replaceAll("#[^')\\s]*", "#...")
            .replaceAll("(whitespace|The value|The Coding provided|for) '[^']*'", "$1 '...'");
    return place + ": " + words;
  }

  private int judge(List<Path> folders) throws Exception {
    List<Path> files = new ArrayList<>();
    for (Path folder : folders) {
      files.addAll(jsonIn(folder));
    }
    int errors = 0;
    int warnings = 0;
    int known = 0;
    int bad = 0;
    Map<String, Integer> kinds = new TreeMap<>();
    for (Found found : judged(files)) {
      List<String> lines = new ArrayList<>();
      int[] here = new int[3];
      for (SingleValidationMessage message : found.messages) {
        Declared as = declaredAs(message);
        if (as != null) {
          as.met++;
          here[2] += isError(message) ? 1 : 0;
        } else if (isError(message)) {
          here[0]++;
          lines.add("  " + place(message) + ": " + message.getMessage());
          kinds.merge("error   " + kind(message), 1, Integer::sum);
        } else if (message.getSeverity() == ResultSeverityEnum.WARNING) {
          here[1]++;
          kinds.merge("warning " + kind(message), 1, Integer::sum);
        }
      }
      errors += here[0];
      warnings += here[1];
      known += here[2];
      bad += here[0] > 0 ? 1 : 0;
      System.out.printf(
          "%s: %d errors, %d warnings, %d declared%n", found.file, here[0], here[1], here[2]);
      lines.forEach(System.out::println);
    }
    kinds.forEach((kind, count) -> System.out.printf("%6d %s%n", count, kind));
    for (Declared one : declared) {
      System.out.printf("%6d declared: %s%n", one.met, one.reason);
    }
    System.out.printf(
        "judge: %d files, %d with errors; %d errors, %d warnings, %d errors declared%n",
        files.size(), bad, errors, warnings, known);
    return errors == 0 ? 0 : 1;
  }

  private int wrong(Path folder) throws Exception {
    Map<String, String[]> refused = new HashMap<>();
    for (String[] row : rows(folder.resolve("refused.tsv"))) {
      refused.put(row[0], row);
    }
    int missed = 0;
    List<Path> files = jsonIn(folder);
    for (Found found : judged(files)) {
      String[] row = refused.remove(found.file.getFileName().toString());
      boolean met = false;
      for (SingleValidationMessage message : found.messages) {
        met |=
            row != null
                && isError(message)
                && declaredAs(message) == null
                && place(message).contains(row[1])
                && message.getMessage().contains(row[2]);
      }
      if (!met) {
        missed++;
        System.out.println(found.file + " is not refused as it should be; it has");
        for (SingleValidationMessage message : found.messages) {
          System.out.println(
              "  " + message.getSeverity() + " " + place(message) + ": " + message.getMessage());
        }
      }
    }
    for (String absent : refused.keySet()) {
      missed++;
      System.out.println(absent + " is not there");
    }
    System.out.printf("judge: %d wrong resources, %d not refused%n", files.size(), missed);
    return missed == 0 && !files.isEmpty() ? 0 : 1;
  }

  public static void main(String[] words) throws Exception {
    List<Declared> declared = new ArrayList<>();
    for (String[] row : rows(Path.of(words[1]))) {
      declared.add(new Declared(row[0], row[1], row[2]));
    }
    Judge judge = new Judge(Path.of(words[0]), declared);
    List<Path> folders = new ArrayList<>();
    for (int n = 3; n < words.length; n++) {
      folders.add(Path.of(words[n]));
    }
    System.exit(words[2].equals("wrong") ? judge.wrong(folders.get(0)) : judge.judge(folders));
  }
}
