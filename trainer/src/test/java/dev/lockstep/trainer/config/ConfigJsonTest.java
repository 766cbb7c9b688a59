package dev.lockstep.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The format of configuration files, pinned by files of version 1. */
class ConfigJsonTest {

  @Test
  void theDefaultIsWrittenAsThis() throws IOException {
    TrainingConfig config = TrainingConfig.builder().output(o -> o.folder("runs/a")).build();
    assertEquals(golden("default.json"), config.toJson());
  }

  @ParameterizedTest
  @ValueSource(strings = {"default.json", "full.json"})
  void aFileOfVersionOneIsReadAndWrittenBack(String file) throws IOException {
    assertEquals(golden(file), TrainingConfig.fromJson(golden(file)).toJson());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | configuration has no version: add \"version\": 1",
        "{\"version\": 2} | configuration has version 2, this program reads version 1: write the"
            + " file again with train --print-config",
        "{\"version\": \"1\"} | configuration has version \"1\", this program reads version 1:"
            + " write the file again with train --print-config",
        "[] | configuration is not a JSON object: write {...}",
      })
  void anotherVersionIsRefused(String json, String message) {
    assertEquals(
        message,
        assertThrows(IllegalArgumentException.class, () -> TrainingConfig.fromJson(json))
            .getMessage());
  }

  private static String golden(String file) throws IOException {
    try (InputStream in = ConfigJsonTest.class.getResourceAsStream(file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
  }
}
