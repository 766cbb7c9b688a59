package dev.lockstep.sharding;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressSecretsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3a://AKIA:hush@bucket/run",
        "s3a://AKIA:hu/hush/sh@bucket/run",
        "s3://AKIA:hush@bucket",
        "ftp://me:hush@host:21/a",
        "ftp://:hush@host/a",
        "jdbc:postgresql://host/db?user=me&password=hush&x=1",
        "jdbc:sqlserver://host;encrypt=true;trustStorePassword=hush",
        "https://account.blob.net/c?sv=2020&sig=hush",
        "s3a://bucket/run?fs.s3a.secret.key=hush"
      })
  void addressesWithPasswordsAreRefusedWithoutRepeatingThem(String address) {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> AddressSecrets.requireNone("out", address));
    assertFalse(refused.getMessage().contains("hush"), refused.getMessage());
    assertFalse(AddressSecrets.redacted("cannot read \"" + address + "\"").contains("hush"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "runs/a",
        "hdfs://host:8020/a@b/c:d",
        "s3a://bucket/a:b@c",
        "abfs://container@account.dfs.core.windows.net/run",
        "file:/tmp/a?b",
        "/data/token=3/part-0"
      })
  void otherAddressesAreLeftAsTheyAre(String address) {
    assertDoesNotThrow(() -> AddressSecrets.requireNone("out", address));
    assertEquals(address, AddressSecrets.redacted(address));
  }
}
