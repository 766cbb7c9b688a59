package dev.lockstep.trainer.plan;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All that determined the steps of a run, as text by name. Lives on the driver; crosses through
 * JSON, as an object of texts. What does not determine them (epochs, workers, servers, cadence of
 * checkpoints, reporting) does not belong here.
 *
 * @param values short, readable texts, or hashes of what is long; neither null
 */
public record RunIdentity(@JsonValue SortedMap<String, String> values) {

  static final String DATA = "data";
  static final String INITIAL = "initialParameters";
  static final String PARAMETERS = "parameters";

  /** What determines the step from which a rate is lowered. */
  static final List<String> OF_LOWERED_RATES = List.of("checkpointEvery", "checkpointsAtEpochEnds");

  /** Copies the values. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public RunIdentity {
    if (values == null || values.containsValue(null)) {
      throw new IllegalArgumentException("identity=" + values + ": a text is missing");
    }
    values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
  }

  /** Of a map in any order. */
  public static RunIdentity of(Map<String, String> values) {
    return new RunIdentity(new TreeMap<>(values));
  }

  /** Fingerprint of the dataset. */
  public String data() {
    return values.get(DATA);
  }

  /** What the run began with, in a few words. */
  public String initialParameters() {
    return values.getOrDefault(INITIAL, "");
  }

  /** Length of θ, P. */
  public int parameters() {
    return Integer.parseInt(values.get(PARAMETERS));
  }

  /**
   * SHA-256, in hexadecimal, of names and texts in order of name, each as its length in bytes
   * (int32, big-endian) and its bytes in UTF-8.
   */
  public String sha256() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    values.forEach(
        (name, text) -> {
          update(digest, name);
          update(digest, text);
        });
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
    digest.update(bytes);
  }

  /**
   * What is not as it was in a run that is to go on, one line each in order of name, as {@code
   * virtualWorkers=8 != 4 of the run}; empty where nothing differs. A policy that lowers rates may
   * be set or dropped between attempts.
   */
  public List<String> differences(RunIdentity ofRun) {
    SortedSet<String> names = new TreeSet<>(values.keySet());
    names.addAll(ofRun.values.keySet());
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      String here = values.get(name);
      String there = ofRun.values.get(name);
      if (OF_LOWERED_RATES.contains(name) && (here == null || there == null)) {
        continue;
      }
      if (there == null) {
        differences.add("%s=%s is set where the run had none".formatted(name, here));
      } else if (here == null) {
        differences.add("%s is not set where the run had %s".formatted(name, there));
      } else if (!here.equals(there)) {
        differences.add("%s=%s != %s of the run".formatted(name, here, there));
      }
    }
    return differences;
  }
}
