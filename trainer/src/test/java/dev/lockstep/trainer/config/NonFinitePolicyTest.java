package dev.lockstep.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.ps.protocol.OnNonFinite;
import java.util.List;
import org.junit.jupiter.api.Test;

class NonFinitePolicyTest {

  @Test
  void textsAndJsonRoundTrip() throws Exception {
    ObjectMapper json = new ObjectMapper();
    for (NonFinitePolicy policy :
        List.of(NonFinitePolicy.STOP, NonFinitePolicy.SKIP, NonFinitePolicy.lower(0.25))) {
      assertEquals(policy, NonFinitePolicy.parse(policy.toString()));
      String text = json.writeValueAsString(policy);
      assertEquals("\"" + policy + "\"", text);
      assertEquals(policy, json.readValue(text, NonFinitePolicy.class));
    }
    assertEquals(NonFinitePolicy.STOP, NonFinitePolicy.parse("STOP"));
  }

  @Test
  void serversStopWhereTheRunGoesBack() {
    assertEquals(OnNonFinite.STOP, NonFinitePolicy.STOP.servers());
    assertEquals(OnNonFinite.SKIP, NonFinitePolicy.SKIP.servers());
    assertEquals(OnNonFinite.STOP, NonFinitePolicy.lower(0.5).servers());
  }

  @Test
  void otherFormsAreRefused() {
    assertEquals(
        "onNonFinite=ignore is not known: write stop, skip, or lower:0.5", refusal("ignore"));
    assertEquals(
        "onNonFinite=lower:much is not known: write stop, skip, or lower:0.5",
        refusal("lower:much"));
    assertEquals(
        "onNonFinite=lower:1.0 must have a factor in (0, 1), which the learning rate is multiplied"
            + " by: write stop, skip, or lower:0.5",
        refusal("lower:1"));
  }

  private static String refusal(String text) {
    return assertThrows(IllegalArgumentException.class, () -> NonFinitePolicy.parse(text))
        .getMessage();
  }
}
