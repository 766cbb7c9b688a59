package dev.lockstep.sharding.ingest.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import org.junit.jupiter.api.Test;

class JpegDecoderTest {

  private static final byte[] JPEG = {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF, (byte) 0xE0};
  private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G'};

  @Test
  void theReferenceImageIsDecoded() {
    assertNotEquals(0, JpegDecoder.ofThisRuntime().fingerprint());
  }

  @Test
  void theSameDecoderIsAcceptedAfterCrossing() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(JpegDecoder.ofThisRuntime());
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      JpegDecoder crossed = (JpegDecoder) in.readObject();
      assertEquals(JpegDecoder.ofThisRuntime(), crossed);
      crossed.refuseOther(JPEG);
    }
  }

  @Test
  void anotherDecoderIsRefusedForJpegAlone() throws IOException {
    JpegDecoder other = new JpegDecoder(JpegDecoder.ofThisRuntime().fingerprint() + 1);
    other.refuseOther(PNG);
    other.refuseOther(new byte[0]);
    String message = assertThrows(IOException.class, () -> other.refuseOther(JPEG)).getMessage();
    assertTrue(
        message.endsWith("give all the same build of Java, or convert the images to PNG"), message);
  }
}
