package dev.lockstep.sharding.ingest.tfrecord;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ExampleMessageTest {

  /** x: floats 1.5 and -2; y: integers 3 and -7; s: "text". Written by TensorFlow Java 1.0.0. */
  private static final String WRITTEN =
      "0a380a110a0178120c120a0a080000c03f000000c00a140a0179120f1a0d0a0b03"
          + "f9ffffffffffffffff010a0d0a017312080a060a0474657874";

  private static ExampleMessage message(String hex) throws DamagedRecordException {
    return ExampleMessage.parse(HexFormat.of().parseHex(hex));
  }

  @Test
  void everyKindOfListIsRead() throws DamagedRecordException {
    ExampleMessage message = message(WRITTEN);
    assertEquals(Set.of("x", "y", "s"), message.names());
    assertArrayEquals(
        new float[] {1.5f, -2}, ((FeatureValues.Floats) message.values("x")).values());
    assertArrayEquals(new long[] {3, -7}, ((FeatureValues.Integers) message.values("y")).values());
    FeatureValues.Bytes bytes = (FeatureValues.Bytes) message.values("s");
    assertEquals(1, bytes.count());
    assertEquals("text", new String(bytes.values().get(0), StandardCharsets.UTF_8));
    assertNull(message.values("z"));
  }

  @Test
  void numbersNeedNotBePackedAndOtherFieldsAreSkipped() throws DamagedRecordException {
    ExampleMessage message =
        message(
            "48010a26" // field 9 of the message, then its features
                + "0a110a0161120c120a0d0000803f0d00000040" // a: floats
                + "4a0178" // field 9 of the features
                + "0a0e0a0162120948011a05080108ac02"); // b: field 9, then integers
    assertArrayEquals(new float[] {1, 2}, ((FeatureValues.Floats) message.values("a")).values());
    assertArrayEquals(new long[] {1, 300}, ((FeatureValues.Integers) message.values("b")).values());
  }

  @Test
  void whatIsNoExampleIsRefusedWhateverItIs() {
    Random random = new Random(5);
    int refused = 0;
    for (int i = 0; i < 5_000; i++) {
      byte[] bytes = HexFormat.of().parseHex(WRITTEN);
      if (i % 2 == 0) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      } else {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      try {
        ExampleMessage message = ExampleMessage.parse(bytes);
        for (String name : message.names()) {
          message.values(name);
        }
      } catch (DamagedRecordException e) {
        refused++;
      }
    }
    // Anything but that exception has failed the test; bytes of values may be anything.
    assertTrue(refused > 2_500, "refused " + refused);
    assertEquals(
        "it is no tf.train.Example",
        assertThrows(DamagedRecordException.class, () -> message("0a7f"))
            .getMessage()
            .substring(0, 25));
  }
}
