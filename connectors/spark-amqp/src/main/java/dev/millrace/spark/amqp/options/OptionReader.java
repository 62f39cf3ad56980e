package dev.millrace.spark.amqp.options;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values of checked options, with the table's defaults. Errors name the option, the value and what would be right. */
final class OptionReader {
  private static final Pattern DURATION =
      Pattern.compile("(?:interval\\s+)?(\\d+)\\s*(ms|milliseconds?|s|seconds?|m|minutes?|h|hours?|days?)", Pattern.CASE_INSENSITIVE);

  private final Map<String, String> values;

  OptionReader(Map<String, String> values) {
    this.values = values;
  }

  /** The value, the default, or null when there is neither. */
  String text(String name) {
    String value = values.getOrDefault(name, OptionTable.defaultOf(name));
    return value.isEmpty() ? null : value;
  }

  long number(String name, long least) {
    String value = text(name);
    try {
      long number = Long.parseLong(value);
      if (number >= least) return number;
    } catch (NumberFormatException notANumber) {
      // Told below, like a number that is too small.
    }
    throw wrong(name, value, "a whole number of at least " + least);
  }

  int integer(String name, int least) {
    long number = number(name, least);
    if (number > Integer.MAX_VALUE) throw wrong(name, Long.toString(number), "at most " + Integer.MAX_VALUE);
    return (int) number;
  }

  boolean flag(String name) {
    String value = text(name);
    if ("true".equalsIgnoreCase(value)) return true;
    if ("false".equalsIgnoreCase(value)) return false;
    throw wrong(name, value, "true or false");
  }

  /** Microseconds, Spark's unit of time; 0 when the option is not given. */
  long durationUs(String name) {
    String value = text(name);
    if (value == null) return 0;
    Matcher matcher = DURATION.matcher(value);
    if (!matcher.matches()) throw wrong(name, value, "a duration such as 5 seconds or 200 ms");
    String unit = matcher.group(2).toLowerCase(java.util.Locale.ROOT);
    TimeUnit timeUnit =
        unit.startsWith("ms") || unit.startsWith("milli") ? TimeUnit.MILLISECONDS
            : unit.startsWith("s") ? TimeUnit.SECONDS
            : unit.startsWith("m") ? TimeUnit.MINUTES
            : unit.startsWith("h") ? TimeUnit.HOURS
            : TimeUnit.DAYS;
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), timeUnit.toMicros(1));
    } catch (ArithmeticException | NumberFormatException tooLong) {
      throw wrong(name, value, "a shorter duration");
    }
  }

  long durationMs(String name) {
    return durationUs(name) / 1000;
  }

  static IllegalArgumentException wrong(String name, String value, String wanted) {
    return new IllegalArgumentException("amqp: option " + name + " is " + wanted + ", not " + value);
  }
}
