"""
Writes expected.tsv: what Spark gives for each case below, with ANSI mode on and the time zone UTC. Needs pyspark 4:

    python packages/stream-engine/test/spark/cases.py

A case is the body of one message and an expression over it. Each line of expected.tsv is body, expression and result as
JSON texts: the result cast to STRING, null, or {"error": condition}.
"""
import json
import pathlib
import re

from pyspark.sql import SparkSession


def over(bodies, *expressions):
    for expression in expressions:
        for body in bodies:
            yield body, expression


CASES = [
    *over(
        ["12", " 12 ", "+12", "-12", "12.5", "1e3", "", " ", "x", "2147483647", "2147483648", "-2147483648", "-2147483649", "\t7\n",
         "00012", "0x10", "1_000", "--1", "+", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
         "99999999999999999999", "123456789012345678", "12L", "1.0", ".", "1.", "\u00a012", "１２"],
        "try_cast(body AS INT)", "try_cast(body AS BIGINT)", "try_cast(body AS DECIMAL(10,2))", "CAST(body AS INT)",
    ),
    *over(
        ["1.5", "-0", "0.1", "1e400", "-1e400", "1e-400", ".5", "5.", "5d", "5f", "NaN", "nan", "Infinity", "-inf", "+Infinity", "1e",
         "e1", "0x1p3", "1 2", "123456789.123456789", "0.30000000000000004", "9007199254740993", "100000000000000000000000", "1E5",
         " 2.5 ", "", "INF", "1e7", "0.001", "0.0001", "1234567", "12345678.9", "abc", "4.9e-324", "1.7976931348623157e308"],
        "try_cast(body AS DOUBLE)", "try_cast(body AS FLOAT)", "try_cast(body AS DECIMAL(38,18))", "CAST(body AS DOUBLE)",
    ),
    *over(
        ["t", "TRUE", "yes", "y", "1", "f", "false", "no", "n", "0", " true ", "2", "", "on", "tr"],
        "try_cast(body AS BOOLEAN)", "CAST(body AS BOOLEAN)",
    ),
    *over(
        ["2026", "2026-1", "2026-01-31", "2026-01-31 12:30:00", "2026-1-3 1:2:3", "2026-01-31T12:30:00.123456", "2026-01-31 12:30:00Z",
         "2026-01-31 12:30:00+01:00", "2026-01-31 12:30:00 UTC", "2026-01-31 12:30:00+1", "2026-02-30", "2026-13-01", "12:30", "x", "",
         "2026-01-31 24:00:00", "2026-01-31 12:30", "2026-01-31 12", "1969-12-31 23:59:59.5", "2026-01-31 12:30:00.1234567",
         "0001-01-01", "9999-12-31 23:59:59.999999", "2026-01-31T", "2026-01-31 12:30:00-18:00", "2026-01-31 12:30:60", " 2026-01-31 ",
         "2026-01-31 12:30:00.", "2024-02-29"],
        "try_cast(body AS TIMESTAMP)", "CAST(body AS TIMESTAMP)", "try_to_timestamp(body)",
    ),
    *over(
        ["3.7", "-3.7", "2147483647.5", "2147483648", "1e20", "NaN", "-0.5", "9.3e18", "0.1", "1e10"],
        "CAST(CAST(body AS DOUBLE) AS INT)", "try_cast(CAST(body AS DOUBLE) AS BIGINT)", "CAST(CAST(body AS DOUBLE) AS BOOLEAN)",
        "try_cast(CAST(body AS DOUBLE) AS DECIMAL(20,3))", "try_cast(CAST(body AS DOUBLE) AS TIMESTAMP)",
        "CAST(CAST(body AS FLOAT) AS DOUBLE)", "try_cast(CAST(body AS FLOAT) AS DECIMAL(20,9))", "CAST(CAST(body AS DOUBLE) AS STRING)",
        "ceil(CAST(body AS DOUBLE))", "floor(CAST(body AS DOUBLE))", "round(CAST(body AS DOUBLE))", "round(CAST(body AS DOUBLE), 2)",
        "round(CAST(body AS DOUBLE), -1)", "abs(CAST(body AS DOUBLE))", "sqrt(CAST(body AS DOUBLE))", "sign(CAST(body AS DOUBLE))",
        "ln(CAST(body AS DOUBLE))", "log10(CAST(body AS DOUBLE))", "-CAST(body AS DOUBLE)", "CAST(body AS DOUBLE) % 2",
        "try_divide(1, CAST(body AS DOUBLE))", "CAST(body AS DOUBLE) > 'NaN'", "greatest(CAST(body AS DOUBLE), 1.0D)",
        "least(CAST(body AS DOUBLE), CAST('NaN' AS DOUBLE))", "CAST(body AS DOUBLE) = CAST('NaN' AS DOUBLE)",
    ),
    *over(
        ["0", "1", "-1", "7", "-7", "2147483647", "-2147483648"],
        "CAST(body AS INT) + 1", "CAST(body AS INT) - 1", "CAST(body AS INT) * 2", "-CAST(body AS INT)", "abs(CAST(body AS INT))",
        "CAST(body AS INT) / 2", "CAST(body AS INT) % 3", "CAST(body AS INT) DIV 2", "10 / CAST(body AS INT)", "10 % CAST(body AS INT)",
        "10 DIV CAST(body AS INT)", "try_add(CAST(body AS INT), 1)", "try_subtract(CAST(body AS INT), 1)",
        "try_multiply(CAST(body AS INT), 2)", "try_divide(10, CAST(body AS INT))", "round(CAST(body AS INT), -1)",
        "CAST(CAST(body AS INT) AS BOOLEAN)", "CAST(CAST(body AS INT) AS TIMESTAMP)", "CAST(CAST(body AS INT) AS DECIMAL(5,2))",
        "hex(CAST(body AS INT))", "power(2, CAST(body AS INT))", "exp(CAST(body AS INT))", "CAST(body AS INT) IN (1, 7, NULL)",
        "CAST(body AS INT) BETWEEN 0 AND 7", "CASE CAST(body AS INT) WHEN 1 THEN 'one' WHEN 7 THEN 'seven' END",
        "CASE WHEN CAST(body AS INT) <> 0 THEN 10 / CAST(body AS INT) ELSE 0 END", "nullif(CAST(body AS INT), 7)",
        "CAST(body AS INT) <> 0 AND 10 / CAST(body AS INT) > 1", "CAST(body AS INT) = 0 OR 10 / CAST(body AS INT) > 1",
        "if(CAST(body AS INT) > 0, 'more', 'not')", "CAST(body AS INT) <=> NULL", "mod(CAST(body AS INT), 4)",
    ),
    *over(
        ["0", "1", "-7", "9223372036854775807", "-9223372036854775808", "1700000000000"],
        "CAST(body AS BIGINT) + 1", "CAST(body AS BIGINT) - 1", "CAST(body AS BIGINT) * 2", "-CAST(body AS BIGINT)",
        "abs(CAST(body AS BIGINT))", "CAST(body AS BIGINT) DIV -1", "CAST(body AS BIGINT) % -3", "try_add(CAST(body AS BIGINT), 1L)",
        "try_multiply(CAST(body AS BIGINT), 2L)", "CAST(CAST(body AS BIGINT) AS INT)", "CAST(CAST(body AS BIGINT) AS DOUBLE)",
        "CAST(CAST(body AS BIGINT) AS DECIMAL(38,2))", "hex(CAST(body AS BIGINT))", "CAST(body AS BIGINT) / 3",
        "round(CAST(body AS BIGINT), -2)", "timestamp_millis(CAST(body AS BIGINT))", "timestamp_micros(CAST(body AS BIGINT))",
        "timestamp_seconds(CAST(body AS BIGINT))", "CAST(body AS BIGINT) > 1.5",
    ),
    *over(
        ["0", "1.25", "-1.25", "99.995", "0.005", "12345678.91"],
        "CAST(body AS DECIMAL(12,3)) + 1.5", "CAST(body AS DECIMAL(12,3)) * CAST(2.25 AS DECIMAL(5,2))",
        "CAST(body AS DECIMAL(12,3)) / 3", "CAST(body AS DECIMAL(12,3)) % 1.1", "CAST(body AS DECIMAL(12,3)) DIV 2",
        "CAST(body AS DECIMAL(12,2))", "round(CAST(body AS DECIMAL(12,3)), 1)", "round(CAST(body AS DECIMAL(12,3)), -1)",
        "ceil(CAST(body AS DECIMAL(12,3)))", "floor(CAST(body AS DECIMAL(12,3)))", "CAST(CAST(body AS DECIMAL(12,3)) AS INT)",
        "CAST(CAST(body AS DECIMAL(12,3)) AS DOUBLE)", "CAST(body AS DECIMAL(12,3)) < CAST(1.3 AS DECIMAL(3,1))",
        "try_divide(CAST(body AS DECIMAL(12,3)), CAST(0 AS DECIMAL(3,1)))", "try_cast(CAST(body AS DECIMAL(12,3)) AS DECIMAL(4,2))",
        "-CAST(body AS DECIMAL(12,3))", "greatest(CAST(body AS DECIMAL(12,3)), CAST(1 AS DECIMAL(12,3)))",
        "1 / CAST(body AS DECIMAL(12,3))", "CAST(CAST(body AS DECIMAL(12,3)) AS TIMESTAMP)",
    ),
    *over(
        ["", "abc", "aXbXc", "Grüße", "日本語テキスト", "a😀b", "  pad  ", "abcabc", "100%", "a_b", "line\nbreak"],
        "upper(body)", "lower(body)", "trim(body)", "ltrim(body)", "rtrim(body)", "trim(BOTH 'a' FROM body)", "length(body)",
        "octet_length(body)", "substring(body, 2)", "substring(body, 0, 2)", "substring(body, -2)", "substring(body, -5, 3)",
        "substring(body, 2, -1)", "left(body, 2)", "right(body, 2)", "left(body, -1)", "concat(body, '|', body)",
        "concat_ws('-', body, NULL, 'z')", "replace(body, 'b', 'ZZ')", "replace(body, 'a')", "replace(body, '', 'x')",
        "split_part(body, 'X', 2)", "split_part(body, 'X', -1)", "split_part(body, 'X', 9)", "split_part(body, 'b', 0)",
        "split_part(body, '', 1)", "instr(body, 'b')", "instr(body, '')", "locate('b', body)", "locate('a', body, 2)",
        "locate('', body, 3)", "locate('a', body, 0)", "lpad(body, 5, '*')", "rpad(body, 5, 'xy')", "lpad(body, 2)", "lpad(body, 8, '')",
        "reverse(body)", "repeat(body, 2)", "repeat(body, -1)", "startswith(body, 'a')", "endswith(body, 'c')", "contains(body, 'b')",
        "regexp_extract(body, '([a-c])(.)', 2)", "regexp_extract(body, '[xyz]+', 0)", "regexp_replace(body, '[ab]', '<$0>')",
        "regexp_replace(body, '(.)b', '$1-')", "body LIKE 'a%'", "body LIKE '%b%'", "body LIKE '%c'", "body LIKE 'a_b%'",
        "body LIKE '100\\%'", "body LIKE '%a!_b' ESCAPE '!'", "body RLIKE '^a.c$'", "body RLIKE 'b'", "body = 'abc'", "body > 'abc'",
        "body || '!'", "hex(body)", "CAST(body AS BINARY)", "md5(CAST(body AS BINARY))", "sha2(CAST(body AS BINARY), 256)",
        "sha2(CAST(body AS BINARY), 224)", "crc32(CAST(body AS BINARY))", "base64(CAST(body AS BINARY))", "length(CAST(body AS BINARY))",
        "coalesce(nullif(body, 'abc'), 'was abc')", "isnull(body)", "nvl2(body, 1, 2)", "body LIKE '%'", "body LIKE ''",
    ),
    *over(
        ["00FF", "f", "xyz", "", "616263", "6162636"], "CAST(unhex(body) AS STRING)", "hex(unhex(body))",
    ),
    *over(
        ["YWJj", "YWI=", "YWI", "YQ==", "YQ", "Y", "YW Jj", "", "****", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5emFiYw==",
         "YW=Jj", "Y=", "YWJj=", "é"],
        "CAST(unbase64(body) AS STRING)", "base64(unbase64(body))",
    ),
    *over(
        ["2026-01-31 12:34:56.789123", "1969-07-20 20:17:40", "2024-02-29 00:00:00", "2026-11-24 23:59:59.5", "2025-12-29 01:00:00"],
        "date_trunc('YEAR', CAST(body AS TIMESTAMP))", "date_trunc('quarter', CAST(body AS TIMESTAMP))",
        "date_trunc('MONTH', CAST(body AS TIMESTAMP))", "date_trunc('WEEK', CAST(body AS TIMESTAMP))",
        "date_trunc('DAY', CAST(body AS TIMESTAMP))", "date_trunc('HOUR', CAST(body AS TIMESTAMP))",
        "date_trunc('MINUTE', CAST(body AS TIMESTAMP))", "date_trunc('SECOND', CAST(body AS TIMESTAMP))",
        "date_trunc('MILLISECOND', CAST(body AS TIMESTAMP))", "date_trunc('MICROSECOND', CAST(body AS TIMESTAMP))",
        "date_format(CAST(body AS TIMESTAMP), 'yyyy-MM-dd HH:mm:ss.SSS')", "date_format(CAST(body AS TIMESTAMP), \"d.M.yyyy 'at' H:m:s\")",
        "date_format(CAST(body AS TIMESTAMP), 'SSSSSS')", "unix_timestamp(CAST(body AS TIMESTAMP))", "unix_millis(CAST(body AS TIMESTAMP))",
        "unix_micros(CAST(body AS TIMESTAMP))", "year(CAST(body AS TIMESTAMP))", "month(CAST(body AS TIMESTAMP))",
        "day(CAST(body AS TIMESTAMP))", "dayofweek(CAST(body AS TIMESTAMP))", "hour(CAST(body AS TIMESTAMP))",
        "minute(CAST(body AS TIMESTAMP))", "second(CAST(body AS TIMESTAMP))", "CAST(CAST(body AS TIMESTAMP) AS BIGINT)",
        "CAST(CAST(body AS TIMESTAMP) AS DOUBLE)", "CAST(CAST(body AS TIMESTAMP) AS DECIMAL(20,6))", "CAST(body AS TIMESTAMP)",
        "to_timestamp(CAST(body AS TIMESTAMP))", "CAST(body AS TIMESTAMP) > TIMESTAMP '2026-01-01 00:00:00'",
    ),
    *over(
        ["31.01.2026 07:05:09", "1.1.2026 7:5:9", "31.02.2026 07:05:09", "x", "31.01.2026 07:05:09 "],
        "try_to_timestamp(body, 'dd.MM.yyyy HH:mm:ss')", "to_timestamp(body, 'd.M.yyyy H:m:s')",
    ),
    *over(
        ['{"a":1}', '{"a":1.0}', '{"a":12345678901234567890}', '{"a":"x"}', '{"a":null}', '{"a":{"b":[1,2,{"c":"d"}]}}', '{"a":[1,2,3]}',
         '{"a":true}', '{"a":1.50}', '{"a":1e3}', "[1,2]", "x", "", '{"a":"\\u00e9\\n\\""}', '{"a" : { "b" : [ ] } }', '{"a":1,"a":2}',
         '{"b":1}', '{"a":-0.0}', '{"a":"日本"}', '{"a":1', '{"a":1} x', '{"a.b":1}', '[{"a":1},{"a":2}]', '[{"a":1}]'],
        "get_json_object(body, '$.a')", "get_json_object(body, '$.a.b')", "get_json_object(body, '$.a.b[0]')",
        "get_json_object(body, '$.a[1]')", "get_json_object(body, '$')", "get_json_object(body, '$.a.b[2].c')",
        "get_json_object(body, \"$['a']\")",
        "get_json_object(body, '$[0]')", "get_json_object(body, \"$['a.b']\")",
    ),
    *over(
        ["k", "z", "1"],
        "element_at(map('k', 'v', '1', CAST(NULL AS STRING)), body)", "map(body, '1')['k']", "map_contains_key(map('k', 'v'), body)",
        "map_concat(map('k', '1'), map(body, '2'))['k']", "map('k', '1', body, '2')['k']",
    ),
    *over(
        [None],
        "upper(body)", "try_cast(body AS INT)", "concat(body, 'x')", "concat_ws(',', body, 'x')", "coalesce(body, 'x')", "body IS NULL",
        "body IS NOT NULL", "body = 'x'", "body <=> NULL", "NOT (body = 'x')", "(body = 'x') AND FALSE", "(body = 'x') OR TRUE",
        "(body = 'x') IS TRUE", "(body = 'x') IS NOT FALSE", "body IN ('x')", "body LIKE '%'", "if(body = 'x', 1, 2)",
        "greatest(body, 'x')", "map('k', body)['k']", "length(body)", "isnotnull(body)", "nvl(body, 'y')", "nullif(body, 'x')",
        "CASE body WHEN 'x' THEN 1 ELSE 2 END",
    ),
]


def evaluate(spark, body, expression):
    literal = "CAST(NULL AS STRING)" if body is None else f"decode(unhex('{body.encode().hex()}'), 'UTF-8')"
    # The row comes from a table, so that nothing is folded into a constant.
    query = f"SELECT CAST(({expression}) AS STRING) FROM (SELECT {literal} AS body FROM range(1))"
    try:
        return spark.sql(query).collect()[0][0]
    except Exception as error:  # noqa: BLE001
        found = re.search(r"\[([A-Z_0-9]+)", str(error))
        return {"error": found.group(1) if found else "UNKNOWN"}


def main():
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.driver.memory", "512m")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    lines = [
        "\t".join(json.dumps(part, ensure_ascii=False) for part in (body, expression, evaluate(spark, body, expression)))
        for body, expression in CASES
    ]
    pathlib.Path(__file__).with_name("expected.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


main()
