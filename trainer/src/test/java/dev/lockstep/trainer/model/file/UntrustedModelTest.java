package dev.lockstep.trainer.model.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.UnsupportedModelException;
import dev.lockstep.trainer.model.network.BuiltModel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

/** An untrusted model file is a model, or it is refused before anything of it runs. */
class UntrustedModelTest {
  private static final String INITIALIZED = "lockstep.test.gadget.initialized";

  private static MultiLayerConfiguration configuration(int hidden) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(new Adam(1e-2))
        .activation(Activation.TANH)
        .list()
        .layer(new DenseLayer.Builder().nIn(6).nOut(hidden).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(hidden)
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build())
        .build();
  }

  private static byte[] exported(int hidden) throws IOException {
    ModelDefinition definition = ModelDefinition.of(configuration(hidden));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    InitialModel.trained(
            definition,
            new SavedTraining(BuiltModel.of(definition, 1).initialParameters(), null, 5, 1))
        .write(out);
    return out.toByteArray();
  }

  private static Map<String, byte[]> contents() throws IOException {
    return ZipBytes.contents(exported(8));
  }

  private static InitialModel read(byte[] file) throws IOException {
    return InitialModel.read(new ByteArrayInputStream(file), "model.zip");
  }

  private static void assertRefused(byte[] file, String message) {
    UnsupportedModelException e =
        assertThrows(UnsupportedModelException.class, () -> read(file), message);
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }

  private static byte[] withJson(String json) throws IOException {
    Map<String, byte[]> contents = contents();
    contents.put(ModelZip.CONFIGURATION, json.getBytes(StandardCharsets.UTF_8));
    return ZipBytes.zip(contents);
  }

  private static String json() {
    return configuration(8).toJson();
  }

  @Test
  void anEntryThatTheDirectoryHidesIsRefused() throws IOException {
    Map<String, byte[]> contents = contents();
    contents.put("preprocessor.bin", new byte[] {1, 2, 3});
    ZipBytes zip = ZipBytes.of(contents);
    byte[] hidden = zip.listing(zip.records().subList(0, 3)).joined();
    assertRefused(hidden, "model.zip holds preprocessor.bin, a serialized Java object");
    ZipBytes model = ZipBytes.of(contents());
    assertRefused(
        model.listing(model.records().subList(0, 2)).joined(), "model.zip is not a readable zip");
  }

  @Test
  void anEntryThatTheDirectoryCallsOtherwiseIsRefused() throws IOException {
    Map<String, byte[]> contents = new LinkedHashMap<>();
    contents().forEach((name, bytes) -> contents.put(swapped(name), bytes));
    ZipBytes zip = ZipBytes.of(contents);
    List<byte[]> records = new ArrayList<>(zip.records());
    records.set(2, ZipBytes.named(records.get(2), ModelZip.UPDATER));
    assertRefused(zip.listing(records).joined(), "model.zip holds preprocessor.bin");
    ZipBytes model = ZipBytes.of(contents());
    records.clear();
    records.addAll(model.records());
    records.set(2, ZipBytes.named(records.get(2), ModelZipScan.PREPROCESSOR));
    assertRefused(model.listing(records).joined(), "model.zip holds other entries");
  }

  private static String swapped(String name) {
    return name.equals(ModelZip.UPDATER) ? ModelZipScan.PREPROCESSOR : name;
  }

  @Test
  void anEntryTwiceIsRefusedInTheDirectoryAndInTheBytes() throws IOException {
    ZipBytes zip = ZipBytes.of(contents());
    List<byte[]> twice = new ArrayList<>(zip.records());
    twice.add(twice.get(1));
    assertRefused(zip.listing(twice).joined(), "model.zip holds other entries");
    assertRefused(
        zip.joined(ZipBytes.of(contents()).entries()), "model.zip holds configuration.json twice");
  }

  @Test
  void bytesThatBelongToNoEntryAreRefused() throws IOException {
    ZipBytes zip = ZipBytes.of(contents());
    assertRefused(zip.joined(new byte[100]), "model.zip is not a readable zip");
    byte[] good = zip.joined();
    assertRefused(Arrays.copyOf(good, good.length + 9), "model.zip is not a readable zip: it does");
    ByteArrayOutputStream late = new ByteArrayOutputStream();
    late.write(good, 0, good.length - 22);
    late.writeBytes(new byte[7]);
    late.write(good, good.length - 22, 22);
    assertRefused(late.toByteArray(), "model.zip is not a readable zip: its directory ends at");
  }

  @Test
  void sizesThatLieAreFoundWhileUnpacking() throws IOException {
    ZipBytes zip = ZipBytes.of(contents());
    List<byte[]> records = new ArrayList<>(zip.records());
    records.set(1, ZipBytes.sized(records.get(1), 100));
    assertRefused(zip.listing(records).joined(), "model.zip holds other entries");
    records.set(1, ZipBytes.sized(records.get(1), 1 << 30));
    assertRefused(zip.listing(records).joined(), "model.zip holds other entries");
  }

  @Test
  void aDirectoryOfManyEntriesIsRefusedBeforeItIsRead() throws IOException {
    Map<String, byte[]> contents = contents();
    for (int i = 0; i < 5000; i++) {
      contents.put("x" + i, new byte[0]);
    }
    assertRefused(ZipBytes.zip(contents), "model.zip holds the unexpected entry x0");
  }

  @Test
  void aDirectoryOfManyBytesIsRefusedBeforeItIsRead() throws IOException {
    ZipBytes zip = ZipBytes.of(contents());
    List<byte[]> records = new ArrayList<>(zip.records());
    records.addAll(Collections.nCopies(2_000, records.get(1)));
    assertRefused(zip.listing(records).joined(), "model.zip has a directory of ");
  }

  @Test
  void absoluteAndClimbingNamesAreRefused() throws IOException {
    for (String name : List.of("/etc/passwd", "..\\evil", "a/../../b", "configuration.json/")) {
      Map<String, byte[]> contents = contents();
      contents.put(name, new byte[0]);
      assertRefused(
          ZipBytes.zip(contents),
          "model.zip holds the unexpected entry " + name.replace('\\', '/'));
    }
  }

  @Test
  void aFreshStateOfZerosIsNoBomb() throws IOException {
    InitialModel model = read(exported(20_000));
    assertEquals(2, model.state().length);
    assertEquals(5, model.iterations());
  }

  @Test
  void aConfigurationThatClaimsMoreThanIsThereIsRefusedBeforeItIsMade() throws IOException {
    String big = json().replace("\"nout\" : 8", "\"nout\" : 2000000000");
    big = big.replace("\"nin\" : 8", "\"nin\" : 2000000000");
    assertTrue(big.contains("2000000000"), big);
    assertRefused(
        withJson(big),
        "model.zip!coefficients.bin: an array has 83 values, but the configuration beside it needs"
            + " 20000000003");
    String negative = json().replace("\"nout\" : 8", "\"nout\" : -8");
    assertRefused(withJson(negative), "model.zip");
  }

  @Test
  void aHeaderThatClaimsMoreThanIsThereIsRefused() throws IOException {
    Map<String, byte[]> contents = contents();
    byte[] coefficients = contents.get(ModelZip.COEFFICIENTS);
    contents.put(ModelZip.COEFFICIENTS, Arrays.copyOf(coefficients, coefficients.length - 5));
    assertRefused(ZipBytes.zip(contents), "model.zip!coefficients.bin ends too early");
    contents.put(ModelZip.COEFFICIENTS, Arrays.copyOf(coefficients, coefficients.length + 5));
    assertRefused(ZipBytes.zip(contents), "model.zip!coefficients.bin goes on after its 83 values");
    byte[] claims = coefficients.clone();
    ByteBuffer.wrap(claims).putLong(claims.length - 4 * 83 - 7 - 8, Long.MAX_VALUE);
    contents.put(ModelZip.COEFFICIENTS, claims);
    assertRefused(
        ZipBytes.zip(contents), "model.zip!coefficients.bin: an array has " + Long.MAX_VALUE);
  }

  /** Not of DL4J: loading it is harmless, initializing it is not. */
  static final class Gadget {
    static {
      System.setProperty(INITIALIZED, "yes");
    }
  }

  @Test
  void aClassThatIsNoPartOfDl4jIsNotEvenInitialized() throws IOException {
    String layer = "org.deeplearning4j.nn.conf.layers.DenseLayer";
    String gadget = Gadget.class.getName();
    for (String name :
        List.of(
            gadget,
            "javax.script.ScriptEngineManager",
            "org.nd4j.shade.jackson.databind.ObjectMapper")) {
      assertRefused(
          withJson(json().replace(layer, name)),
          "model.zip!configuration.json names " + name + " as \"@class\", which is no layer");
      String yaml = configuration(8).toYaml().replace("!<" + layer + ">", "!<" + name + ">");
      assertRefused(yaml.getBytes(StandardCharsets.UTF_8), "names " + name + " as \"!\"");
    }
    assertRefused(
        withJson(json().replace(layer, "java.util.List<" + gadget + ">")),
        "which is no name of a class");
    assertRefused(
        withJson(json().replace(layer, "[L" + gadget + ";")), "which is no name of a class");
    assertRefused(
        withJson(json().replace(layer, "com.example.MyLayer")),
        "which is not on the class path: add the jar that holds it");
    String field = "\"@class\" : \"" + layer + "\"";
    String twice = json().replace(field, field + ", " + field.replace(layer, gadget));
    assertRefused(withJson(twice), "model.zip!configuration.json is not JSON: Duplicate field");
    assertNull(System.getProperty(INITIALIZED));
  }

  /** A loss of the user's own. */
  public static final class OwnLoss extends LossMCXENT {
    private static final long serialVersionUID = 1;
  }

  @Test
  void aLossOfTheUsersOwnIsLoadedFromAFile() throws IOException {
    String own = json().replace(LossMCXENT.class.getName(), OwnLoss.class.getName());
    assertTrue(own.contains("OwnLoss"), own);
    assertTrue(read(withJson(own)).definition().json().contains("OwnLoss"));
  }

  @Test
  void textsThatTireAParserAreRefused() throws IOException {
    String deep = "{\"confs\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    assertRefused(
        deep.getBytes(StandardCharsets.UTF_8), "model.zip is nested deeper than 200 levels");
    assertRefused(
        ("confs: " + "[".repeat(5_000) + "]".repeat(5_000)).getBytes(StandardCharsets.UTF_8),
        "model.zip is nested deeper than 200 levels");
    assertRefused(
        withJson(json().replace("\"seed\" : 7", "\"seed\" : " + "7".repeat(1_000))),
        "model.zip!configuration.json has a number of 1000 digits, more than 64");
    assertRefused(
        withJson(json() + " {}"), "model.zip!configuration.json goes on after its configuration");
    assertRefused(withJson(" ".repeat((16 << 20) + 1)), "model.zip!configuration.json unpacks to");
  }

  /** Four in five of 2,000 change a byte or more of the file, the others what is packed into it. */
  @Test
  void whateverIsChangedTheModelIsTheSameOrRefusedByName() throws IOException {
    byte[] good = exported(8);
    float[] theta = read(good).parameters(0);
    Random random = new Random(20260);
    int loaded = 0;
    for (int i = 0; i < 2_000; i++) {
      boolean inside = i % 5 == 0;
      byte[] file = inside ? changedInside(good, random) : changed(good, random);
      try {
        float[] read = read(file).parameters(0);
        loaded++;
        assertEquals(theta.length, read.length);
        if (!inside) {
          assertArrayEquals(theta, read, "mutation " + i);
        }
      } catch (IllegalArgumentException | IOException e) {
        assertTrue(
            String.valueOf(e.getMessage()).contains("model.zip"), "mutation " + i + ": " + e);
      }
    }
    assertTrue(loaded > 20 && loaded < 1_000, "loaded=" + loaded);
    assertFalse(Thread.interrupted());
  }

  private static byte[] changedInside(byte[] good, Random random) throws IOException {
    Map<String, byte[]> contents = ZipBytes.contents(good);
    String name = List.copyOf(contents.keySet()).get(random.nextInt(contents.size()));
    contents.put(name, changed(contents.get(name), random));
    return ZipBytes.zip(contents);
  }

  private static byte[] changed(byte[] good, Random random) {
    byte[] bytes = good.clone();
    switch (random.nextInt(5)) {
      case 0 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      case 1 -> {
        for (int i = 1 + random.nextInt(8); i > 0; i--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
      }
      case 2 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      case 3 -> {
        int from = random.nextInt(bytes.length);
        int length = Math.min(1 + random.nextInt(64), bytes.length - from);
        System.arraycopy(bytes, from, bytes, random.nextInt(bytes.length - length + 1), length);
      }
      default -> {
        byte[] extreme = {0, -1, 127, (byte) 128};
        int from = random.nextInt(bytes.length - 8);
        Arrays.fill(bytes, from, from + 1 + random.nextInt(8), extreme[random.nextInt(4)]);
      }
    }
    return bytes;
  }
}
