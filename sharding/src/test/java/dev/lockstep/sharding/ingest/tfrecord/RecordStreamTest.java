package dev.lockstep.sharding.ingest.tfrecord;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class RecordStreamTest {

  /** One record of 58 bytes, written by tensorflow-hadoop 1.15.0. */
  private static final byte[] WRITTEN =
      HexFormat.of()
          .parseHex(
              "3a000000000000001295eae2"
                  + "0a380a110a0178120c120a0a080000c03f000000c00a140a0179120f1a0d0a0b03"
                  + "f9ffffffffffffffff010a0d0a017312080a060a0474657874"
                  + "0f9411ab");

  private static RecordStream stream(byte[] bytes) {
    return new RecordStream(new ByteArrayInputStream(bytes));
  }

  private static String refusal(byte[] bytes) {
    return assertThrows(DamagedRecordException.class, () -> stream(bytes).next()).getMessage();
  }

  @Test
  void recordsComeAsTheyWereWritten() throws IOException {
    ByteArrayOutputStream twice = new ByteArrayOutputStream();
    twice.write(WRITTEN);
    twice.write(WRITTEN);
    try (RecordStream records = stream(twice.toByteArray())) {
      for (int i = 0; i < 2; i++) {
        assertEquals(i, records.records());
        RecordStream.Framed record = records.next();
        assertEquals(i, record.number());
        assertTrue(record.intact());
        assertArrayEquals(Arrays.copyOfRange(WRITTEN, 12, WRITTEN.length - 4), record.bytes());
      }
      assertNull(records.next());
    }
  }

  @Test
  void aFileThatIsCutAnywhereIsRefused() throws IOException {
    assertNull(stream(new byte[0]).next());
    for (int length = 1; length < WRITTEN.length; length++) {
      assertEquals(
          "the file ends inside it: it is cut short", refusal(Arrays.copyOf(WRITTEN, length)));
    }
  }

  @Test
  void everyFlippedBitIsFound() throws IOException {
    for (int bit = 0; bit < 8 * WRITTEN.length; bit++) {
      byte[] damaged = WRITTEN.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      if (bit < 8 * 12) {
        assertEquals(
            "its length has the wrong checksum: it is no TFRecord file, or a packed one whose name does not end in .gz",
            refusal(damaged));
      } else {
        assertFalse(stream(damaged).next().intact());
      }
    }
  }

  @Test
  void aLengthThatIsDamagedFurtherOnEndsTheFile() throws IOException {
    byte[] damaged = Arrays.copyOf(WRITTEN, WRITTEN.length + 12);
    try (RecordStream records = stream(damaged)) {
      assertTrue(records.next().intact());
      assertEquals(
          "its length has the wrong checksum: the file is damaged from here on",
          assertThrows(DamagedRecordException.class, records::next).getMessage());
    }
  }
}
