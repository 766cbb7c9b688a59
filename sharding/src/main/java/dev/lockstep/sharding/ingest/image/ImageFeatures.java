package dev.lockstep.sharding.ingest.image;

import dev.lockstep.sharding.ImageOptions;
import dev.lockstep.sharding.ReaderOptions.Normalization;
import java.io.IOException;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How the bytes of an image become features: decoded, resized, normalized. Made on the driver;
 * crosses to executors.
 *
 * @param tensor size and channels
 * @param normalization of values in [0, 1]: one for all channels, or one for each
 * @param jpeg the driver's decoder
 */
public record ImageFeatures(ImageTensor tensor, List<Normalization> normalization, JpegDecoder jpeg)
    implements Serializable {

  public ImageFeatures {
    normalization = List.copyOf(normalization);
  }

  /** What the options ask for; they give a size. */
  public static ImageFeatures of(ImageOptions images) {
    return new ImageFeatures(
        new ImageTensor(images.height(), images.width(), images.color(), images.resize()),
        images.normalization(),
        JpegDecoder.ofThisRuntime());
  }

  /**
   * All values of an image, row-major.
   *
   * @throws UnreadableImageException if it cannot be used
   * @throws IOException if it is a JPEG, and this Java decodes it otherwise than the driver's
   */
  public float[] read(byte[] image) throws IOException {
    jpeg.refuseOther(image);
    float[] values = tensor.read(image);
    int plane = tensor.height() * tensor.width();
    for (int i = 0; i < values.length; i++) {
      values[i] = normalization.get(i / plane % normalization.size()).apply(values[i]);
    }
    return values;
  }

  /** What was done, for people. */
  public Map<String, String> provenance() {
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("height", String.valueOf(tensor.height()));
    provenance.put("width", String.valueOf(tensor.width()));
    provenance.put("color", tensor.color().name());
    provenance.put("resize", tensor.resize().name());
    provenance.put(
        "mean",
        normalization.stream().map(n -> String.valueOf(n.mean())).collect(Collectors.joining(",")));
    provenance.put(
        "deviation",
        normalization.stream()
            .map(n -> String.valueOf(n.deviation()))
            .collect(Collectors.joining(",")));
    return provenance;
  }
}
