package dev.lockstep.sharding.ingest.image;

import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.zip.CRC32C;

/**
 * What a Java runtime makes of JPEG, told by a small reference image. The format leaves the last
 * bit of a byte to the decoder, and Java's is native code that differs between builds of Java. Made
 * on the driver; crosses to executors, which must decode alike.
 *
 * @param fingerprint CRC32C of the reference image's values
 */
record JpegDecoder(int fingerprint) implements Serializable {

  /** 19 x 17 pixels, in colors of half that resolution. */
  private static final byte[] REFERENCE =
      Base64.getDecoder()
          .decode(
              "/9j/4AAQSkZJRgABAgAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkz"
                  + "ODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2Nj"
                  + "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAARABMDASIA"
                  + "AhEBAxEB/8QAGQABAQEAAwAAAAAAAAAAAAAAAAQDAQUG/8QAJRAAAQQCAAUFAQAAAAAAAAAAAQAC"
                  + "AwQFERIhMTVhMkFxcsGB/8QAFwEAAwEAAAAAAAAAAAAAAAAAAAMFAv/EACYRAAECBAMJAAAAAAAA"
                  + "AAAAAAEAAgMRIjIEMXEUIzRBQnKxssH/2gAMAwEAAhEDEQA/ANcxMJchHUi1wRDRA6BTPrvyGUgh"
                  + "9TWnZ+PKzxLXWn2b8jupOt+6vx72VorN55aNAgFBpEhn9cZ+Ahu8eYjrWCQ1KptZmGtYfAHtAZy0"
                  + "D4+UXlHVpbznWXcRMhJ3zRY2KI6qeaYMVAbSeS7nGdgb9h+Lm32ST+oiZ1jUeiSeDPcqcT22D6/q"
                  + "IiostCmvuK//2Q==");

  private static final byte[] FIRST_BYTES = {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF};

  private static final JpegDecoder HERE = measure();

  /** That of the Java runtime that this is called in. */
  public static JpegDecoder ofThisRuntime() {
    return HERE;
  }

  private static JpegDecoder measure() {
    float[] values;
    try {
      values = new ImageTensor(17, 19, Color.RGB, Resize.NONE).read(REFERENCE);
    } catch (UnreadableImageException e) {
      // A Java that decodes no JPEG: its images are refused one by one.
      return new JpegDecoder(0);
    }
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length);
    bytes.asFloatBuffer().put(values);
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return new JpegDecoder((int) crc.getValue());
  }

  /**
   * Checks, if a file is a JPEG, that this runtime decodes it as the one that this was made in.
   *
   * @throws IOException if it does not. Trying again elsewhere may help
   */
  public void refuseOther(byte[] file) throws IOException {
    boolean jpeg =
        file.length >= FIRST_BYTES.length
            && Arrays.equals(file, 0, FIRST_BYTES.length, FIRST_BYTES, 0, FIRST_BYTES.length);
    if (jpeg && !equals(HERE)) {
      throw new IOException(
          "Java %s of this executor decodes JPEG to other values than the driver's (%08x != %08x): give all the same build of Java, or convert the images to PNG"
              .formatted(Runtime.version(), HERE.fingerprint(), fingerprint));
    }
  }
}
