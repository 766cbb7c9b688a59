package dev.lockstep.sharding.ingest.idx;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ReaderOptions.Normalization;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;

/** The examples of a range of items of a pair of IDX files. Lives in an executor. */
final class IdxExamples implements Iterator<Example>, Closeable {

  private final IdxFile images;
  private final IdxFile labels;
  private final int classes;
  private final int to;
  private final Normalization normalization;
  private final DataInputStream imageBytes;
  private final DataInputStream labelBytes;
  private final byte[] image;
  private final byte[] label = new byte[1];
  private int item;

  IdxExamples(
      IdxFile images,
      IdxFile labels,
      int classes,
      IdxOptions.Items items,
      Normalization normalization,
      Configuration conf)
      throws IOException {
    this.images = images;
    this.labels = labels;
    this.classes = classes;
    this.item = items.from();
    this.to = items.to();
    this.normalization = normalization;
    image = new byte[images.itemBytes()];
    imageBytes = images.openAt(item, conf);
    try {
      labelBytes = labels.openAt(item, conf);
    } catch (IOException e) {
      imageBytes.close();
      throw e;
    }
  }

  @Override
  public boolean hasNext() {
    return item < to;
  }

  @Override
  public Example next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    try {
      images.read(imageBytes, image, item);
      labels.read(labelBytes, label, item);
      int labelClass = Byte.toUnsignedInt(label[0]);
      if (labelClass >= classes) {
        throw new InvalidDataException(
            "%s: label %d of item %d is not in [0, classes=%d)"
                .formatted(labels.path(), labelClass, item, classes));
      }
      float[] pixels = new float[image.length];
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = normalization.apply(image[i]);
      }
      item++;
      return Example.of(pixels, new float[] {labelClass});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    try (imageBytes) {
      labelBytes.close();
    }
  }
}
