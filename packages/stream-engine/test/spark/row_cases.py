"""
Writes expected-rows.tsv: what Spark makes of a body by the columns of a schema, strictly (mode FAILFAST), with the time
zone UTC. Needs pyspark 4:

    python packages/stream-engine/test/spark/row_cases.py

Each line is format, columns, body and result as JSON texts: the columns' values cast to STRING (BINARY in hexadecimal),
null for NULL, or "undecodable" where Spark calls the record malformed.
"""
import json
import pathlib
import re

from pyspark.sql import SparkSession

TYPES = ["BOOLEAN", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(6,2)", "STRING", "BINARY", "TIMESTAMP"]

NUMBERS = [
    "0", "-0", "7", "-7", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "123456789012345678901234567890", "1.0", "1.50", "-1.5", "0.1", "9999.994", "9999.995", "-9999.995",
    "1e3", "1E3", "1e-3", "1.5e+2", "1e400", "-1e400", "1e-400", "3.5e38", "16777217", "0.30000000000000004", "12345.678", "1700000000",
]
JSON_VALUES = [
    *NUMBERS, "01", "+1", "-", ".5", "5.", "1e", "0x10", "1d", "NaN", "Infinity", "-Infinity", "+Infinity", "INF", "-INF", "+INF", "nan",
    "true", "false", "null", "True", "NULL", "truex", "nullx", "tru", "undefined", "",
    '""', '" "', '"x"', '"12"', '" 12 "', '"12.5"', '"-3"', '"1e2"', '"1,000"', '"NaN"', '"Infinity"', '"-Infinity"', '"+Infinity"', '"INF"', '"-INF"',
    '"+INF"', '"nan"', '"inf"', '"true"', '"false"', '"TRUE"', '"t"', '"1"', '"0"', '"null"', '"1d"', '"0x10"', '"99999.99"', '"9999.995"',
    '"YWJj"', '"YWI="', '"YWI"', '"YQ"', '"Y"', '"YW Jj"', '"****"', '"YW-_"', '"YW+/"', '"YWJj\\n"',
    "'x'", "'it\\'s'", '"a\\u00e9\\n\\"\\\\\\/"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\x41"', '"\\u12"', '"a\tb"', '"a\nb"', '"日本 😀"', '"open', '"a"b"',
    '{"x":1}', '{ "x" : 1.50 , "y":[ 1, "\\u00e9" ] }', "{}", "[]", "[1, 2]", "[1,]", "{x:1}", "{'x':'y'}", '{"x":1,}', '{"x" 1}', "[1 2]", "[tru]",
    '"2026"', '"2026-01"', '"2026-01-31"', '"2026-01-31 12:30:00"', '"2026-01-31T12:30:00Z"', '"2026-01-31T12:30:00.123456Z"',
    '"2026-01-31T12:30:00.1234567+01:00"', '"2026-01-31T12:30:00+0100"', '"2026-01-31 12:30:00 UTC"', '"2026-02-30"', '"12:30"', '"T12:30"', '" 2026-01-31 "',
    '"2026-01-31T12:30"', '"2026-1-3 1:2:3"', '"2026-01-31 24:00:00"', '"1969-12-31 23:59:59.5"', '"1700000000"', '"2026-01-31x"',
    '"2026-01-31T12:30:00GMT+1"', '"2026-01-31T12:30:00.000-03:00"', '"2026-01-31 12:30:00 Europe/Berlin"', '"20260131"', '"2026-01-31T12:30:00,5"',
]
JSON_BODIES = [
    "", " ", "\n", "null", " null ", "x", "1", '"x"', "true", "[]", "[1]", '[{"a":1}]', '[{"a":1},{"a":2}]', "{}", " {} ", "{", "}", '{"a"', '{"a":',
    '{"a":1', '{"a":1,', '{"a":1} x', '{"a":1}{"a":2}', '{"a":1}]', '\ufeff{"a":1}', '{"a":1,"a":2}', '{"a":1,"a":null}', '{"a":null,"a":1}',
    '{"A":1}', '{"a":1,"b":"x","c":true}', '{"c":{"a":5},"a":1}', '{"c":[{"a":5}],"a":1}', '{"c":"\\"a\\":5","a":1}', '{"\\u0061":1}', "{'a':1}", "{a:1}",
    '{"a":1,"c":tru}', '{"a":1,"c":01}', '{"a":1,"c":"\t"}', '{"a":1,"c":"\\x"}', '{"a":1,"c":[1,}', '{"a":1,"c":NaN}', '{"a" : 1 , "b" : "x" }',
    '{"a":1 "b":"x"}', '{"a":1,,"b":"x"}', '{,"a":1}', '{"a":1,}', '{"b":7}', '{"b":{"k": 1.50}}', '{"b":[1, 2]}', '{"b":true}', '{"b":null}', '{"b":1.50}', '{"a":1/**/}',
    '{"a":1 // x\n}', '{"a":1}\n', '{"a":1}\n{"a":2}', "\u00a0{}", "{\"a\":1,\"c\":" + "[" * 600 + "]" * 600 + "}", "{\"a\":1,\"c\":" + "[" * 1100 + "]" * 1100 + "}",
    '{"":1,"a":2}', '{"a.b":1}', '{"a":2147483648,"b":"x"}', '{"b":"x","a":"1"}', '{"a":1,"a":"x"}', '{"a":"x","a":1}', '\x00{"a":1}', '{"a":1}\x00', '{"b":"\x00"}', '{"b":"\\u0000"}',
    '{"b":"\x7f"}', '{"a":1,"c":1d}', '{"a":1,"c":-}', '{"a":1,"c":1.}', '{"a":1,"c":.5}', '{"a":1,"c":1e}', '{"a":1,"c":nul}', '{"a":1,"c":nullx}', '{"a":1,"c":\'x\'}',
    '{"a":1,"c":' + "1" * 1000 + "}", '{"a":1,"c":' + "1" * 1001 + "}", '{"a":1,"c":0.' + "1" * 1001 + "}",
    '{"b":[NaN, 1e400, -0, "\\u0001", "\\ud83d"]}', '{"b":{"k":1,"k":2}}',
]
CSV_VALUES = [
    *NUMBERS, "01", "+1", "-", ".5", "5.", "1e", "0x10", "1d", "1f", "1L", "NaN", "Inf", "-Inf", "Infinity", "-Infinity", "+Infinity", "nan", "inf", "true", "false", "True", "FALSE", "t",
    "yes", "null", "NULL", "", '""', " ", " 12", "12 ", "\t12", " x ", "x", "'x'", '"12"', '" 12"', "1_000", "１２", "99999.99", '"1,000"', "1 2",
    "2026", "2026-01", "2026-01-31", "2026-01-31 12:30:00", "2026-01-31T12:30:00Z", "2026-01-31T12:30:00.123456+01:00", "2026-02-30", "12:30", " 2026-01-31 ",
    "2026-01-31T12:30", "1700000000", "2026-01-31x", "2026-01-31 24:00:00", "1969-12-31 23:59:59.5", "2026-1-3 1:2:3",
    '"a""b"', '"a\\"b"', '"a\\\\b"', "a\\b", 'a"b', '"a"b', '"a', '"a" ', ' "a"', '"a\nb"', "日本 😀", "#x", "\\", '"\\', '"\\\\"', '"""', '""""', 'a""b', "\\,", '"a\\nb"', '"a"b"c"', '"a" "b"', '\\"a\\"',
    "é", "\x00", "a\x00b", "\ufeffx",
]
CSV_BODIES = [
    "1,x,2", "1,x", "1", "", " ", ",", ",,", ",,,", "1,x,2,3", "1,,", ",x,", "1,x,", "1,x,2\n3,y,4", "1,x,2\n", "1,x,2\r\n", "1,x,2\r3,y,4", "\n1,x,2", "\r\n1,x,2", '1,"x,y",2', '1,"x""y",2', '1,"x\\"y",2',
    '1,"x\ny",2', '1,"x\r\ny",2', '1,x"y,2', '1,"x"y,2', '1,"x,2', '1,"x" ,2', '1, "x",2', '1, x ,2', " 1,x,2", "1 ,x,2", "1,x, 2", "1;x;2", "1\tx\t2", "a,x,2", "1,x,b", '"1","x","2"', '1,"",2', '1,"x"",2', '1,"x\\",2',
    '1,\\,2', '1,x\\,y,2', "#1,x,2", "1,'x,y',2", "1,x,2 3", ",,2", "1,x,2147483648", '1,"x"\n,2', "null,null,null", '1,"\\\\",2', '1,"a\\\\"b",2', '1,"a"",b",2', '1,"a"b",2', '1,"a"b,c",2', '1,"a" b" ,2', '"1"x,y,2',
    '1,2,"x', '1,x,"2', '1,"x', '1,"x",2 ', '1,"x",2"', '1,x,"2"', '1,x,"2" ', '1,"x\\y",2', '1,"x\\\\y",2', '1,"\\"",2', '1,"x\\"",2', '1,"x" "y",2', '1,"x" ""y",2',
    '1," x ",2', '1," ",2', '1,"\\,",2', '1,""x"",2', '1,"" ,2', '1,'+ '""' + '"x"' + '"",2', '1,"x"\ty"z,2', '1,"x\\\\\\"y",2', '1,x,"2', '1,x,2"',
]


def cases():
    for kind in TYPES:
        for value in JSON_VALUES:
            yield "json", f"a {kind}", '{"a":' + value + "}"
    for body in JSON_BODIES:
        yield "json", "a INT, b STRING", body
    for kind in TYPES:
        for value in CSV_VALUES:
            yield "csv", f"a {kind}, z STRING", value + ",z"
    for body in CSV_BODIES:
        yield "csv", "a INT, b STRING, c INT", body
    for body in [
        "", " ", "x", '""', '"a,b"', "a,b", "\n", "\nx", "7", '"x', '"x"y', '"x" ', '"x\\', '"', '"x"z"', '"x" y', '""x', '"x"\n', '"x"\r\n', "x\n", "x\r\ny", '"\\', ' ""', '"" ', '"a" "', '"a\\"',
    ]:
        yield "csv", "a STRING", body


def names_of(columns):
    return [part.split()[0] for part in re.split(r",(?![^(]*\))", columns)]


def shown(columns):
    return [f"hex(s.{name})" if f"{name} BINARY" in columns else f"CAST(s.{name} AS STRING)" for name in names_of(columns)]


def table_of(spark, bodies):
    rows = [(index, bytearray(body.encode())) for index, body in enumerate(bodies)]
    spark.createDataFrame(rows, "n INT, bytes BINARY").createOrReplaceTempView("bodies")
    return "(SELECT n, CAST(bytes AS STRING) AS body FROM bodies)"


def leniently(spark, form, columns, bodies):
    """All at once: a record that mode FAILFAST calls malformed has itself in the column for corrupt records."""
    query = (
        f"SELECT n, s.malformed, {', '.join(shown(columns))} FROM (SELECT n, from_{form}(body, '{columns}, malformed STRING', "
        f"map('columnNameOfCorruptRecord', 'malformed')) AS s FROM {table_of(spark, bodies)})"
    )
    results = {row[0]: list(row[2:]) if row[1] is None else "undecodable" for row in spark.sql(query).collect()}
    return [results[index] for index in range(len(bodies))]


def strictly(spark, form, columns, body):
    query = (
        f"SELECT {', '.join(shown(columns))} FROM "
        f"(SELECT from_{form}(body, '{columns}', map('mode', 'FAILFAST')) AS s FROM {table_of(spark, [body])})"
    )
    try:
        return list(spark.sql(query).collect()[0])
    except Exception as error:  # noqa: BLE001
        found = re.search(r"\[([A-Z_0-9]+)", str(error))
        name = found.group(1) if found else "UNKNOWN"
        return "undecodable" if name.startswith("MALFORMED_RECORD_IN_PARSING") else f"other error: {name}"


def main():
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.driver.memory", "512m")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    lines = []
    groups = {}
    for form, columns, body in cases():
        groups.setdefault((form, columns), []).append(body)
    for (form, columns), bodies in groups.items():
        try:
            results = leniently(spark, form, columns, bodies)
        except Exception as error:  # noqa: BLE001
            print(form, columns, str(error)[:300])
            results = [strictly(spark, form, columns, body) for body in bodies]
        for index, (body, result) in enumerate(zip(bodies, results)):
            # Each tenth is asked for strictly, which is slow, to see that both say the same.
            if index % 10 == 0 or (len(body) == 0):
                strict = strictly(spark, form, columns, body)
                if strict != result:
                    print(form, columns, json.dumps(body)[:80], "leniently", result, "strictly", strict)
            lines.append("\t".join(json.dumps(part) for part in (form, columns, body, result)))
    pathlib.Path(__file__).with_name("expected-rows.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


main()
