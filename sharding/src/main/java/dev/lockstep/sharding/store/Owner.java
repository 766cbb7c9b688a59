package dev.lockstep.sharding.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The process that writes in a folder, as the end of a file's name, so that another process can
 * find out whether it is gone. In the name, since a name is there at once.
 *
 * @param machine where process numbers mean the same: checksum of a boot of a machine and of a
 *     space of process numbers on it (containers have their own); 0 where that cannot be told
 * @param process its number there
 * @param started when it started, in milliseconds since 1970, since numbers are used again; 0 where
 *     unknown
 */
record Owner(long machine, long process, long started) {

  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path SPACE = Path.of("/proc/self/ns/pid");
  private static final Pattern END = Pattern.compile("\\.([0-9a-f]+)\\.([0-9]+)\\.([0-9]+)$");

  /** This process. */
  static Owner current() {
    ProcessHandle self = ProcessHandle.current();
    return new Owner(thisMachine(), self.pid(), startOf(self));
  }

  private static long thisMachine() {
    try {
      CRC32C crc = new CRC32C();
      crc.update(
          (Files.readString(BOOT) + Files.readSymbolicLink(SPACE))
              .getBytes(StandardCharsets.UTF_8));
      return crc.getValue();
    } catch (IOException | UnsupportedOperationException | SecurityException e) {
      return 0;
    }
  }

  private static long startOf(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  /** Whether the process has provably ended: false also when nothing is known. */
  boolean isGone() {
    if (machine == 0 || started == 0 || machine != thisMachine()) {
      return false;
    }
    Optional<ProcessHandle> found = ProcessHandle.of(process);
    return found.isEmpty() || !found.get().isAlive() || started != startOf(found.get());
  }

  /** A name that ends in this owner. */
  String name(String beginning) {
    return "%s.%08x.%d.%d".formatted(beginning, machine, process, started);
  }

  /** The owner in which a name ends, if it does. */
  static Optional<Owner> in(String name) {
    Matcher end = END.matcher(name);
    return end.find()
        ? Optional.of(
            new Owner(
                Long.parseLong(end.group(1), 16),
                Long.parseLong(end.group(2)),
                Long.parseLong(end.group(3))))
        : Optional.empty();
  }
}
