package dev.lockstep.sharding.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.ingest.csv.CsvOptions.Header;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class OptionsTest {

  private static void assertRefused(String message, Executable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run).getMessage());
  }

  @Test
  void optionsThatCannotBeAreRefused() {
    assertRefused("dataset name is blank", () -> ShardingOptions.named(" "));
    assertRefused(
        "blockExamples=-1 shardBytes=67108864 must be >= 0 and >= 1",
        () -> ShardingOptions.named("x").blockExamples(-1));
    assertRefused(
        "blockExamples=0 shardBytes=0 must be >= 0 and >= 1",
        () -> ShardingOptions.named("x").shardBytes(0));
    assertRefused("classes=257 must be in [0, 256]", () -> new IdxOptions("", 257));
    assertRefused(
        "items from=3 to=3: must be >= 0 and > from", () -> IdxOptions.defaults().items(3, 3));
    assertRefused(
        "normalization mean=0.5 deviation=0.0: must be finite, the deviation > 0",
        () -> IdxOptions.defaults().normalized(0.5, 0));
    CsvOptions csv = CsvOptions.of(Header.ABSENT);
    assertRefused("delimiter must not be a quote or a line break", () -> csv.delimiter('"'));
    assertRefused(
        "2 classes given for labelKind=REGRESSION: they belong to CLASSIFICATION",
        () -> csv.labelKind(LabelKind.REGRESSION).classes(List.of("a", "b")));
    assertRefused("classes=[a, a] names one of them twice", () -> csv.classes(List.of("a", "a")));
  }
}
