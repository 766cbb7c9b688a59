package dev.lockstep.ps.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretsTest {

  @TempDir private Path folder;

  @Test
  void neitherTokenNorSecretIsInAnyLogOrMessageOfAFailure() throws Exception {
    Path everything = folder.resolve("log4j2.properties");
    Files.writeString(
        everything,
        """
        rootLogger.level = debug
        rootLogger.appenderRef.out.ref = out
        appender.out.type = Console
        appender.out.name = out
        appender.out.layout.type = PatternLayout
        appender.out.layout.pattern = %p %c: %m%n%ex
        """);
    List<String> command = PeerMain.javaCommand(FailuresMain.class);
    command.add(1, "-Dlog4j2.configurationFile=" + everything.toUri());
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(process.waitFor(90, TimeUnit.SECONDS));
    } finally {
      process.destroyForcibly();
    }
    String said = Files.readString(output, StandardCharsets.ISO_8859_1);
    assertEquals(0, process.exitValue(), said);
    // It is a log, at that level, of these failures.
    for (String expected :
        List.of(
            "DEBUG org.apache.spark.network",
            "DEBUG io.netty",
            "WARN dev.lockstep.ps.transport.ExecutorNode",
            "wrong run token",
            "cannot connect to 127.0.0.1",
            "closed before its end",
            "checksum=",
            FailuresMain.END)) {
      assertTrue(said.contains(expected), "lacks '" + expected + "': " + said);
    }
    String lower = said.toLowerCase(Locale.ROOT);
    for (String secret : List.of(FailuresMain.TOKEN, FailuresMain.GUESS, FailuresMain.SECRET)) {
      byte[] plain = secret.getBytes(StandardCharsets.UTF_8);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(plain);
      for (byte[] bytes : List.of(plain, digest)) {
        assertFalse(lower.contains(HexFormat.of().formatHex(bytes)), secret + " in hexadecimals");
        assertFalse(
            said.contains(Base64.getEncoder().encodeToString(bytes)), secret + " in base 64");
      }
      assertFalse(lower.contains(secret.toLowerCase(Locale.ROOT)), secret);
    }
  }
}
