package dev.lockstep.sharding.store;

import java.util.HexFormat;
import java.util.zip.CRC32C;

/** CRC32C as an int and as the eight hexadecimal digits people see. */
final class Checksum {

  private Checksum() {}

  public static int of(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  public static String hex(int crc32c) {
    return HexFormat.of().toHexDigits(crc32c);
  }

  static int parse(String hex) {
    return HexFormat.fromHexDigits(hex);
  }
}
