import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Photographs pages in a headless Chromium, which it drives by the DevTools protocol, and looks
 * after them meanwhile: a page that asks the network for anything or reports an error has failed.
 *
 * <p>Run from its source, with Jackson on the class path: {@code java -cp "SPARK_HOME/jars/*"
 * Photographer.java CHROMIUM PAGE.html PICTURE.png [PAGE.html PICTURE.png …]}.
 */
public final class Photographer {

  private static final int WIDTH = 1200;
  private static final int TALLEST = 4000;
  private static final int PATIENCE_SECONDS = 90;

  /** Resolves when every surface plot is drawn and the screen shows it. */
  private static final String DRAWN =
      """
      new Promise(done => {
        const look = () => document.querySelector('.drawing:not([data-drawn])')
          ? setTimeout(look, 50)
          : requestAnimationFrame(() => requestAnimationFrame(() =>
              done(Math.ceil(document.documentElement.getBoundingClientRect().height))));
        look();
      })\
      """;

  private static final ObjectMapper JSON = new ObjectMapper();

  private Photographer() {}

  /** Photographs each page; exits 1 if one of them failed. */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length < 3 || arguments.length % 2 == 0) {
      System.err.println("usage: Photographer CHROMIUM PAGE.html PICTURE.png …");
      System.exit(2);
    }
    boolean failed = false;
    try (Browser browser = Browser.start(arguments[0])) {
      for (int i = 1; i < arguments.length; i += 2) {
        Path page = Path.of(arguments[i]);
        List<String> complaints;
        try {
          complaints = photograph(browser, page, Path.of(arguments[i + 1]));
        } catch (IOException | IllegalStateException | CompletionException e) {
          complaints = List.of(e.toString());
        }
        complaints.forEach(complaint -> System.err.println(page + ": " + complaint));
        failed |= !complaints.isEmpty();
      }
    }
    System.exit(failed ? 1 : 0);
  }

  /** Writes the picture, unless the page has failed; returns why it has. */
  private static List<String> photograph(Browser browser, Path page, Path picture)
      throws IOException, InterruptedException {
    String url = page.toRealPath().toUri().toString();
    String target =
        browser.ask("Target.createTarget", Map.of("url", "about:blank")).get("targetId").asText();
    String session =
        browser
            .ask("Target.attachToTarget", Map.of("targetId", target, "flatten", true))
            .get("sessionId")
            .asText();
    browser.forget();
    for (String domain : List.of("Page", "Network", "Runtime", "Log")) {
      browser.ask(session, domain + ".enable", Map.of());
    }
    browser.ask(
        session,
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "light"))));
    resize(browser, session, 800);
    browser.ask(session, "Page.navigate", Map.of("url", url));
    browser.await(session, "Page.loadEventFired");
    int drawn = drawnHeight(browser, session);
    int height = Math.min(TALLEST, drawn);
    resize(browser, session, height);
    drawnHeight(browser, session);
    String png =
        browser
            .ask(session, "Page.captureScreenshot", Map.of("format", "png"))
            .get("data")
            .asText();
    List<String> complaints = new ArrayList<>(browser.complaints(url));
    if (drawn > TALLEST) {
      complaints.add("is " + drawn + " pixels high, more than " + TALLEST);
    }
    browser.ask("Target.closeTarget", Map.of("targetId", target));
    if (complaints.isEmpty()) {
      Files.createDirectories(picture.toAbsolutePath().getParent());
      Files.write(picture, Base64.getDecoder().decode(png));
    }
    return complaints;
  }

  private static void resize(Browser browser, String session, int height)
      throws InterruptedException {
    browser.ask(
        session,
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", WIDTH, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  private static int drawnHeight(Browser browser, String session) throws InterruptedException {
    return browser
        .ask(
            session,
            "Runtime.evaluate",
            Map.of("expression", DRAWN, "awaitPromise", true, "returnByValue", true))
        .get("result")
        .get("value")
        .asInt();
  }

  /** A Chromium of our own, with an empty profile and no network. For use by one thread. */
  private static final class Browser implements AutoCloseable {

    private final Process process;
    private final Path profile;
    private final BlockingQueue<JsonNode> messages = new LinkedBlockingQueue<>();
    private final List<JsonNode> events = new ArrayList<>();
    private WebSocket socket;
    private int asked;

    private Browser(Process process, Path profile) {
      this.process = process;
      this.profile = profile;
    }

    static Browser start(String chromium) throws IOException, InterruptedException {
      Path profile = Files.createTempDirectory("lockstep-gallery");
      Process process =
          new ProcessBuilder(
                  chromium,
                  "--headless",
                  // The pages are our own, and neither root nor containers get a sandbox.
                  "--no-sandbox",
                  // WebGL on machines without a GPU.
                  "--use-angle=swiftshader",
                  "--enable-unsafe-swiftshader",
                  "--host-resolver-rules=MAP * ~NOTFOUND",
                  "--disable-quic",
                  "--no-first-run",
                  "--disable-background-networking",
                  "--disable-component-update",
                  "--disable-sync",
                  "--hide-scrollbars",
                  "--force-color-profile=srgb",
                  "--user-data-dir=" + profile,
                  "--remote-debugging-port=0",
                  "about:blank")
              .redirectErrorStream(true)
              .redirectOutput(profile.resolve("output.log").toFile())
              .start();
      Browser browser = new Browser(process, profile);
      try {
        browser.connect();
      } catch (IOException | InterruptedException | RuntimeException e) {
        browser.close();
        throw e;
      }
      return browser;
    }

    /** Finds the port, which the browser chooses and writes into its profile. */
    private void connect() throws IOException, InterruptedException {
      Path port = profile.resolve("DevToolsActivePort");
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (!Files.exists(port) || Files.readAllLines(port).size() < 2) {
        if (System.nanoTime() > deadline || process.waitFor(100, TimeUnit.MILLISECONDS)) {
          throw new IOException(
              "Chromium did not start: " + Files.readString(profile.resolve("output.log")));
        }
      }
      List<String> lines = Files.readAllLines(port);
      socket =
          HttpClient.newHttpClient()
              .newWebSocketBuilder()
              .buildAsync(
                  URI.create("ws://127.0.0.1:" + lines.get(0) + lines.get(1)), new Listener())
              .join();
    }

    JsonNode ask(String method, Map<String, Object> parameters) throws InterruptedException {
      return ask("", method, parameters);
    }

    /** Sends a command and waits for its result. */
    JsonNode ask(String session, String method, Map<String, Object> parameters)
        throws InterruptedException {
      ObjectNode command = JSON.createObjectNode().put("id", ++asked).put("method", method);
      command.set("params", JSON.valueToTree(parameters));
      if (!session.isEmpty()) {
        command.put("sessionId", session);
      }
      socket.sendText(command.toString(), true).join();
      while (true) {
        JsonNode message = next(method);
        if (message.path("id").asInt() == asked) {
          if (message.has("error") || message.path("result").has("exceptionDetails")) {
            throw new IllegalStateException(method + ": " + message);
          }
          return message.get("result");
        }
        events.add(message);
      }
    }

    /** Forgets the events of earlier pages. */
    void forget() {
      events.clear();
    }

    void await(String session, String event) throws InterruptedException {
      while (events.stream().noneMatch(message -> isOf(message, session, event))) {
        events.add(next(event));
      }
    }

    /** What the page should not have done, in words. */
    List<String> complaints(String url) {
      List<String> complaints = new ArrayList<>();
      for (JsonNode event : events) {
        JsonNode parameters = event.path("params");
        switch (event.path("method").asText()) {
          case "Network.requestWillBeSent" -> {
            String wanted = parameters.at("/request/url").asText();
            if (!wanted.equals(url) && !wanted.startsWith("data:") && !wanted.startsWith("blob:")) {
              complaints.add("the page asked for " + wanted);
            }
          }
          case "Runtime.exceptionThrown" ->
              complaints.add(parameters.at("/exceptionDetails/exception/description").asText());
          case "Runtime.consoleAPICalled" -> {
            if (parameters.path("type").asText().equals("error")) {
              complaints.add(parameters.at("/args").toString());
            }
          }
          case "Log.entryAdded" -> {
            if (parameters.at("/entry/level").asText().equals("error")) {
              complaints.add(parameters.at("/entry/text").asText());
            }
          }
          default -> {}
        }
      }
      return complaints;
    }

    private static boolean isOf(JsonNode message, String session, String event) {
      return message.path("method").asText().equals(event)
          && message.path("sessionId").asText().equals(session);
    }

    private JsonNode next(String awaited) throws InterruptedException {
      JsonNode message = messages.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (message == null) {
        throw new IllegalStateException(
            awaited + ": no word from Chromium in " + PATIENCE_SECONDS + " s");
      }
      return message;
    }

    @Override
    public void close() throws IOException, InterruptedException {
      process.destroy();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
      }
      try (Stream<Path> files = Files.walk(profile)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      } catch (UncheckedIOException e) {
        // A file that the browser took away itself.
      }
    }

    /** Joins the parts of messages. */
    private final class Listener implements WebSocket.Listener {

      private final StringBuilder text = new StringBuilder();

      @Override
      public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
        text.append(part);
        if (last) {
          try {
            messages.add(JSON.readTree(text.toString()));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          text.setLength(0);
        }
        from.request(1);
        return null;
      }
    }
  }
}
