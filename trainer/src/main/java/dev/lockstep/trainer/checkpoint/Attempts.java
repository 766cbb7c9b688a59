package dev.lockstep.trainer.checkpoint;

import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.plan.RunIdentity;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/**
 * The attempts of a run, each a file {@code attempt-00003.json} that only one driver can create.
 * Lives on the driver. Stateless and thread-safe; methods block.
 */
final class Attempts {

  private static final String WHAT = "the claim of an attempt";
  private static final int MOST_LOST_RACES = 100;
  private static final Pattern NAME = Pattern.compile("attempt-([0-9]{5,9})\\.json");

  private final CheckpointFiles files;
  private final Path folder;

  Attempts(CheckpointFiles files, Path folder) {
    this.files = files;
    this.folder = folder;
  }

  /**
   * Takes the next number.
   *
   * @param before a number that is known to be taken, though its claim may be gone; 0 for none
   * @param last number of the claimer's own last claim; 0 where it has none
   */
  AttemptClaim claim(String run, RunIdentity identity, Instant at, int before, int last)
      throws IOException {
    files.create(folder);
    for (int race = 0; race < MOST_LOST_RACES; race++) {
      List<Integer> numbers = numbers();
      int latest = Math.max(before, numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1));
      int next = latest + 1;
      Optional<AttemptClaim> newest = newest(numbers);
      if (newest.isPresent()) {
        requireRun(newest.get(), run);
      }
      if (last > 0 && latest != last) {
        throw new FencedException(
            "attempt %d was not the last of %s in %s, attempt %d was: another driver has taken the run over; let it go on, or stop it and start again"
                .formatted(last, run, folder, latest));
      }
      AttemptClaim claim = new AttemptClaim(run, next, at, identity);
      try {
        files.put(file(next), ChecksummedJson.write(claim), IfExists.REFUSE);
        return claim;
      } catch (FileAlreadyExistsException e) {
        // Another driver was faster: the next number.
      }
    }
    throw new IOException(
        "no attempt number to be had in %s: %d times another driver was faster; stop the others"
            .formatted(folder, MOST_LOST_RACES));
  }

  /** The claim of the highest number that can be read. */
  Optional<AttemptClaim> newest() throws IOException {
    return newest(numbers());
  }

  /** Whether nobody has taken the run over, as of now. */
  void requireNewest(CheckpointManifest manifest) throws IOException {
    List<Integer> numbers = numbers();
    if (numbers.isEmpty()) {
      return;
    }
    Optional<AttemptClaim> newest = newest(numbers);
    if (newest.isPresent()) {
      requireRun(newest.get(), manifest.run());
    }
    int latest = numbers.get(numbers.size() - 1);
    if (latest > manifest.attempt()) {
      throw new FencedException(
          manifest.step(), manifest.attempt(), latest, newest.map(AttemptClaim::startedAt));
    }
  }

  private void requireRun(AttemptClaim claim, String run) throws IOException {
    if (!claim.run().equals(run)) {
      throw new FencedException(
          "%s holds checkpoints of run %s, not of run %s: name another folder with --out"
              .formatted(folder, claim.run(), run));
    }
  }

  private Optional<AttemptClaim> newest(List<Integer> numbers) throws IOException {
    for (int i = numbers.size() - 1; i >= 0; i--) {
      Path file = file(numbers.get(i));
      try {
        byte[] content = files.read(file, InputStream::readAllBytes);
        return Optional.of(
            ChecksummedJson.read(
                content, file.toString(), WHAT, AttemptClaim.FORMAT_VERSION, AttemptClaim.class));
      } catch (DamagedFileException | FileNotFoundException e) {
        // Its number is taken all the same.
      }
    }
    return Optional.empty();
  }

  /** Ascending. */
  private List<Integer> numbers() throws IOException {
    return files.list(folder).stream()
        .map(status -> NAME.matcher(status.getPath().getName()))
        .filter(Matcher::matches)
        .map(name -> Integer.parseInt(name.group(1)))
        .sorted()
        .toList();
  }

  private Path file(int attempt) {
    return new Path(folder, String.format(Locale.ROOT, "attempt-%05d.json", attempt));
  }
}
