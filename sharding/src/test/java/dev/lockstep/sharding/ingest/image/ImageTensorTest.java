package dev.lockstep.sharding.ingest.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageTensorTest {

  private static final int HEIGHT = 7;
  private static final int WIDTH = 5;

  private static ImageTensor tensor(Color color) {
    return new ImageTensor(HEIGHT, WIDTH, color, Resize.NONE);
  }

  private static BufferedImage random(int type, int height, int width, int seed) {
    BufferedImage image = new BufferedImage(width, height, type);
    Random random = new Random(seed);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int band = 0; band < image.getRaster().getNumBands(); band++) {
          image.getRaster().setSample(x, y, band, random.nextInt(1 << 16));
        }
      }
    }
    return image;
  }

  private static byte[] file(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertTrue(ImageIO.write(image, format, bytes), "no writer for " + format);
    return bytes.toByteArray();
  }

  private static int sample(BufferedImage image, int y, int x, int band) {
    return image.getRaster().getSample(x, y, band);
  }

  private static String refusal(ImageTensor tensor, byte[] file) {
    return assertThrows(UnreadableImageException.class, () -> tensor.read(file)).getMessage();
  }

  @Test
  void theBytesOfAnImageDividedBy255AreItsValues() throws IOException {
    BufferedImage image = random(BufferedImage.TYPE_3BYTE_BGR, HEIGHT, WIDTH, 1);
    for (String format : new String[] {"png", "bmp"}) {
      float[] values = tensor(Color.RGB).read(file(image, format));
      assertEquals(3 * HEIGHT * WIDTH, values.length);
      for (int c = 0; c < 3; c++) {
        for (int y = 0; y < HEIGHT; y++) {
          for (int x = 0; x < WIDTH; x++) {
            assertEquals(sample(image, y, x, c) / 255f, values[(c * HEIGHT + y) * WIDTH + x]);
          }
        }
      }
    }
  }

  @Test
  void grayIsTheLumaOfColors() throws IOException {
    BufferedImage image = random(BufferedImage.TYPE_3BYTE_BGR, HEIGHT, WIDTH, 2);
    float[] values = tensor(Color.GRAY).read(file(image, "png"));
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        double luma =
            (299 * sample(image, y, x, 0)
                    + 587 * sample(image, y, x, 1)
                    + 114 * sample(image, y, x, 2))
                / 255e3;
        assertEquals(luma, values[y * WIDTH + x], 1e-7);
      }
    }
  }

  @Test
  void grayImagesKeepTheirBytesAndCanStandForColors() throws IOException {
    BufferedImage image = random(BufferedImage.TYPE_BYTE_GRAY, HEIGHT, WIDTH, 3);
    float[] gray = tensor(Color.GRAY).read(file(image, "png"));
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        assertEquals(sample(image, y, x, 0) / 255f, gray[y * WIDTH + x]);
      }
    }
    float[] colors = tensor(Color.RGB).read(file(image, "png"));
    for (int i = 0; i < colors.length; i++) {
      assertEquals(gray[i % gray.length], colors[i]);
    }
  }

  @Test
  void sixteenBitsAndOneBitFillTheSameRange() throws IOException {
    BufferedImage deep = random(BufferedImage.TYPE_USHORT_GRAY, HEIGHT, WIDTH, 4);
    float[] values = tensor(Color.GRAY).read(file(deep, "png"));
    BufferedImage flat = random(BufferedImage.TYPE_BYTE_BINARY, HEIGHT, WIDTH, 4);
    float[] bits = tensor(Color.GRAY).read(file(flat, "png"));
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        assertEquals(sample(deep, y, x, 0) / 65535.0, values[y * WIDTH + x], 1e-7);
        assertEquals(sample(flat, y, x, 0), bits[y * WIDTH + x]);
      }
    }
  }

  @Test
  void colorsOfAPaletteAreLookedUp() throws IOException {
    byte[] red = {0, (byte) 200, 17, (byte) 255};
    byte[] green = {0, 100, 18, (byte) 255};
    byte[] blue = {0, 50, 19, (byte) 255};
    BufferedImage image =
        new BufferedImage(
            WIDTH,
            HEIGHT,
            BufferedImage.TYPE_BYTE_INDEXED,
            new IndexColorModel(8, 4, red, green, blue));
    for (int i = 0; i < HEIGHT * WIDTH; i++) {
      image.getRaster().setSample(i % WIDTH, i / WIDTH, 0, i % 4);
    }
    byte[][] palette = {red, green, blue};
    for (String format : new String[] {"png", "gif"}) {
      float[] values = tensor(Color.RGB).read(file(image, format));
      for (int i = 0; i < values.length; i++) {
        byte expected = palette[i / (HEIGHT * WIDTH)][i % (HEIGHT * WIDTH) % 4];
        assertEquals(Byte.toUnsignedInt(expected) / 255f, values[i]);
      }
    }
  }

  @Test
  void transparentPixelsAreLaidOnWhite() throws IOException {
    BufferedImage image = random(BufferedImage.TYPE_4BYTE_ABGR, HEIGHT, WIDTH, 5);
    float[] values = tensor(Color.RGB).read(file(image, "png"));
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
          double opacity = sample(image, y, x, 3) / 255.0;
          assertEquals(
              opacity * sample(image, y, x, c) / 255.0 + 1 - opacity,
              values[(c * HEIGHT + y) * WIDTH + x],
              1e-6);
        }
      }
    }
  }

  @Test
  void aJpegGivesWhatJavaDecodes() throws IOException {
    BufferedImage smooth = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < HEIGHT * WIDTH; i++) {
      smooth.getRaster().setPixel(i % WIDTH, i / WIDTH, new int[] {200, 100, 20 + i});
    }
    byte[] file = file(smooth, "jpg");
    BufferedImage decoded = ImageIO.read(new ByteArrayInputStream(file));
    float[] values = tensor(Color.RGB).read(file);
    for (int i = 0; i < values.length; i++) {
      int at = i % (HEIGHT * WIDTH);
      int channel = i / (HEIGHT * WIDTH);
      assertEquals(sample(decoded, at / WIDTH, at % WIDTH, channel) / 255f, values[i]);
      assertEquals(sample(smooth, at / WIDTH, at % WIDTH, channel) / 255f, values[i], 0.1);
    }
    assertEquals(new ImageSize(HEIGHT, WIDTH), ImageTensor.sizeOf(file));
  }

  @ParameterizedTest
  @CsvSource({
    "STRETCH, 3, 2",
    "STRETCH, 20, 11",
    "STRETCH, 3, 31",
    "STRETCH, 1, 1",
    "CROP, 4, 4",
    "CROP, 9, 3",
    "CROP, 2, 30",
    "CROP, 14, 10"
  })
  void resizedValuesAreWeightedByATriangleAroundEachPixel(Resize resize, int height, int width)
      throws IOException {
    BufferedImage image = random(BufferedImage.TYPE_3BYTE_BGR, HEIGHT, WIDTH, 6);
    float[] values = new ImageTensor(height, width, Color.RGB, resize).read(file(image, "png"));
    double high = HEIGHT;
    double wide = WIDTH;
    if (resize == Resize.CROP && high / wide > (double) height / width) {
      high = wide * height / width;
    } else if (resize == Resize.CROP) {
      wide = high * width / height;
    }
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          double sum = 0;
          double weights = 0;
          for (int v = 0; v < HEIGHT; v++) {
            for (int u = 0; u < WIDTH; u++) {
              double weight =
                  triangle(v, HEIGHT, high, y, height) * triangle(u, WIDTH, wide, x, width);
              sum += weight * sample(image, v, u, c);
              weights += weight;
            }
          }
          assertEquals(sum / weights / 255, values[(c * height + y) * width + x], 1e-6);
        }
      }
    }
  }

  /** Height of the triangle around a wanted pixel at the center of a stored one. */
  private static double triangle(int stored, int all, double window, int wanted, int of) {
    double center = all / 2.0 + window * ((wanted + 0.5) / of - 0.5);
    return Math.max(0, 1 - Math.abs(stored + 0.5 - center) / Math.max(1, window / of));
  }

  @Test
  void oneColorStaysThatColor() throws IOException {
    BufferedImage flat = new BufferedImage(40, 30, BufferedImage.TYPE_BYTE_GRAY);
    Arrays.fill(((DataBufferByte) flat.getRaster().getDataBuffer()).getData(), (byte) 77);
    for (Resize resize : new Resize[] {Resize.STRETCH, Resize.CROP}) {
      for (float value : new ImageTensor(13, 57, Color.GRAY, resize).read(file(flat, "png"))) {
        assertEquals(77 / 255f, value, 1e-7);
      }
    }
  }

  /** Not a value worth having, but one that must not change. */
  @Test
  void resizedValuesAreTheseBits() throws Exception {
    byte[] file = file(random(BufferedImage.TYPE_3BYTE_BGR, 53, 47, 7), "png");
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (Resize resize : new Resize[] {Resize.STRETCH, Resize.CROP}) {
      for (Color color : Color.values()) {
        float[] values = new ImageTensor(19, 64, color, resize).read(file);
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length);
        bytes.asFloatBuffer().put(values);
        digest.update(bytes);
      }
    }
    assertEquals(
        "e13119ff6e94ad72b46030cc0428313a", HexFormat.of().formatHex(digest.digest(), 0, 16));
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpg", "bmp", "gif"})
  void anImageThatIsCutShortIsRefusedUnlessAllPixelsAreThere(String format) throws IOException {
    byte[] file = file(random(BufferedImage.TYPE_BYTE_GRAY, 40, 33, 8), format);
    ImageTensor tensor = new ImageTensor(40, 33, Color.GRAY, Resize.NONE);
    float[] whole = tensor.read(file);
    int refused = 0;
    for (int length = 0; length < file.length; length++) {
      try {
        assertArrayEquals(whole, tensor.read(Arrays.copyOf(file, length)), "cut at " + length);
      } catch (UnreadableImageException e) {
        refused++;
      }
    }
    assertTrue(refused > file.length - 40, refused + " of " + file.length);
  }

  @Test
  void whatIsNoImageIsRefused() throws IOException {
    ImageTensor tensor = tensor(Color.RGB);
    assertEquals("it is empty", refusal(tensor, new byte[0]));
    assertEquals(
        "it is no image of a kind that Java reads (PNG, JPEG …)",
        refusal(tensor, "not an image".getBytes(StandardCharsets.UTF_8)));
    assertEquals(
        "height x width = 3x4 != 7x5: all images must have one size; give it, and a way to resize",
        refusal(tensor, file(random(BufferedImage.TYPE_BYTE_GRAY, 3, 4, 9), "png")));
  }

  @Test
  void anImageThatClaimsToBeHugeIsRefusedUndecoded() throws IOException {
    byte[] file = file(random(BufferedImage.TYPE_BYTE_GRAY, 3, 4, 9), "png");
    // The header: length, "IHDR", width, height, five bytes, CRC-32 of all but the length.
    ByteBuffer header = ByteBuffer.wrap(file);
    header.putInt(16, 50_000).putInt(20, 40_000);
    CRC32 crc = new CRC32();
    crc.update(file, 12, 17);
    header.putInt(29, (int) crc.getValue());
    assertEquals(
        "its header says 40000x50000 = 2000000000 pixels > 67108864, the most that is decoded: make"
            + " it smaller",
        refusal(new ImageTensor(3, 4, Color.GRAY, Resize.STRETCH), file));
  }

  @Test
  void tensorsWithoutPixelsAreRefused() {
    assertEquals(
        "height=0 width=3 of an image tensor must be >= 1",
        assertThrows(
                IllegalArgumentException.class,
                () -> new ImageTensor(0, 3, Color.GRAY, Resize.NONE))
            .getMessage());
  }
}
