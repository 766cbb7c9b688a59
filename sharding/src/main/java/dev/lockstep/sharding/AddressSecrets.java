package dev.lockstep.sharding;

import java.util.regex.Pattern;

/**
 * Passwords and keys in the addresses of data and outputs. An address is printed, logged and
 * recorded, so it may not bring any: they belong into Hadoop's settings. Lives anywhere.
 */
public final class AddressSecrets {

  /** A container of {@code abfs://container@account} is no credential: there is no colon. */
  private static final Pattern USER_INFO =
      Pattern.compile("(?i)(\\b[a-z][a-z0-9+.-]*://)[^\\s/@:\"']*:[^\\s/@\"']*@");

  /** Keys of S3 may hold slashes, buckets no ports. */
  private static final Pattern KEYS_OF_S3 =
      Pattern.compile("(?i)(\\bs3[an]?://)[^\\s/@:\"']+:[^\\s@\"']*@");

  private static final Pattern PARAMETER =
      Pattern.compile(
          "(?i)([?&;][\\w.-]*(?:password|passwd|secret|token|access[._-]?key|sig)[\\w.-]*=)"
              + "[^&;\\s\"']+");

  private static final String SHOWN = "$1***";

  private AddressSecrets() {}

  /**
   * Refuses an address with a password or key in it; does not repeat them.
   *
   * @param name what the address is of, for the message
   * @param address any Hadoop URI, or null
   * @throws IllegalArgumentException if it brings credentials
   */
  public static void requireNone(String name, String address) {
    if (address != null && !redacted(address).equals(address)) {
      throw new IllegalArgumentException(
          name
              + "="
              + redacted(address)
              + " has a password or key in it, which logs and records would show: leave it out, and"
              + " set it in Hadoop's configuration, such as spark.hadoop.fs.s3a.secret.key or a"
              + " credential provider");
    }
  }

  /** The text with the passwords and keys of all addresses in it replaced by {@code ***}. */
  public static String redacted(String text) {
    String shown = KEYS_OF_S3.matcher(text).replaceAll(SHOWN + "@");
    shown = USER_INFO.matcher(shown).replaceAll(SHOWN + "@");
    return PARAMETER.matcher(shown).replaceAll(SHOWN);
  }
}
