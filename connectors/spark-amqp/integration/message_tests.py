"""Rows, options, errors: what a message is to Spark and back."""

import time

from brokers import free_port


def every_kind_of_message_is_a_row(suite, broker):
    broker.client("types", "types")
    rows = [row for batch in suite.rows(suite.source(broker, "types")) for row in batch]
    bodies = {row.subject: row.body for row in rows}
    expected = {
        "string": "text", "symbol": "sym", "int": "-21", "ulong": "7", "double": "21.5", "boolean": "true",
        "timestamp": "2026-01-01T00:00:00.123Z", "data": "bytes", "map": '{"a":1,"b":[2,"x"]}', "null": None, "full": "full",
    }
    if broker.name == "rabbitmq":
        # RabbitMQ carries a null as it likes.
        del bodies["null"], expected["null"]
    assert bodies == expected, bodies
    [full] = [row for row in rows if row.subject == "full"]
    shown = (full.message_id, full.correlation_id, full.reply_to, full.content_type, full.durable, full.priority)
    assert shown == ("id-1", "c-1", "r", "text/plain", True, 7), shown
    assert full.creation_time.isoformat().startswith("2026-01-01"), full.creation_time
    assert full.properties["unit"] == "C" and full.properties["number"] == "21", full.properties
    assert full.ttl is not None and 0 < full.ttl <= 600000, full.ttl
    assert full.address == broker.address("types")


def every_column_is_a_part_of_the_message(suite, broker):
    frame = suite.spark.sql(
        f"""SELECT '{broker.address('columns')}' AS address, 'b' AS body, 's' AS subject, 'id' AS message_id, 'c' AS correlation_id,
            'r' AS reply_to, 't' AS content_type, TIMESTAMP '2026-01-01 00:00:00' AS creation_time, true AS durable, 7 AS priority,
            600000L AS ttl, map('k', 'v') AS properties"""
    )
    suite.send(frame, broker)
    suite.send(suite.spark.sql("SELECT X'0102' AS body"), broker, "columns")
    first, second = broker.client("receive", "columns", 60_000, 2)
    assert first["body"] == "b" and first["application_properties"] == {"k": "v"}, first
    shown = [first[name] for name in ("subject", "message_id", "correlation_id", "reply_to", "content_type", "durable", "priority")]
    assert shown == ["s", "id", "c", "r", "t", True, 7], shown
    assert second["body"] == {"data": "0102"} and len(second["message_id"]) == 24, second


def other_columns_are_json(suite, broker):
    suite.send(suite.spark.sql("SELECT 'd1' AS device, 21.5D AS celsius, CAST(NULL AS INT) AS nothing"), broker, "json")
    [message] = broker.client("receive", "json", 60_000, 1)
    assert message["body"] == '{"device":"d1","celsius":21.5}', message


def batches_keep_their_limit_and_restarts_their_place(suite, broker):
    broker.client("publish", "limits", 0, 1000)
    checkpoint = suite.checkpoint()
    batches = suite.rows(suite.source(broker, "limits", maxRowsPerBatch="300"), checkpoint)
    assert all(len(batch) <= 300 for batch in batches), [len(batch) for batch in batches]
    assert sorted(row.body for batch in batches for row in batch) == sorted(f"m{number}" for number in range(1000))
    broker.client("publish", "limits", 1000, 10)
    again = [row.body for batch in suite.rows(suite.source(broker, "limits"), checkpoint) for row in batch]
    assert sorted(again) == sorted(f"m{number}" for number in range(1000, 1010)), again


def the_rate_is_kept(suite, broker):
    broker.client("publish", "rate", 0, 1500)
    began = time.time()
    batches = suite.rows(suite.source(broker, "rate", maxRate="500"))
    seconds = time.time() - began
    assert sum(len(batch) for batch in batches) == 1500
    assert seconds > 2.5, f"1500 messages at 500/s took {seconds:.1f} s"


def a_broker_of_the_list_that_is_down_is_passed_over(suite, broker):
    url = f"amqp://127.0.0.1:{free_port()},{broker.url}"
    frame = suite.spark.sql("SELECT 'x' AS body")
    frame.write.format("amqp").mode("append").option("url", url).option("address", broker.address("list")).save()
    source = suite.spark.readStream.format("amqp").option("url", url).option("address", broker.address("list")).load()
    assert [row.body for batch in suite.rows(source) for row in batch] == ["x"]


def errors_say_what_is_wrong(suite, broker):
    def read(**options):
        reader = suite.spark.readStream.format("amqp").options(**options)
        return suite.rows(reader.load())

    told = suite.refusal(lambda: read(adress="a"))
    assert "unknown option adress; did you mean address?" in told, told
    assert "option address is missing" in suite.refusal(lambda: read(url=broker.url))
    closed = f"amqp://127.0.0.1:{free_port()}"
    told = suite.refusal(lambda: read(url=closed, address="a", connectTimeout="1 second"))
    assert closed in told and "refused" in told.lower(), told
    told = suite.refusal(lambda: suite.send(suite.spark.sql("SELECT 'x' AS body, 1 AS other"), broker, "list"))
    assert "either body or other columns" in told, told
    if broker.name != "millrace":
        return
    told = suite.refusal(lambda: read(url=broker.url, address="undeclared"))
    assert "amqp:not-found" in told and "undeclared" in told, told
    told = suite.refusal(lambda: suite.send(suite.spark.sql("SELECT 'x' AS body"), broker, "undeclared"))
    assert "amqp:not-found" in told, told


def credentials_and_tls(suite, broker):
    authorities = str(suite.work / "tls" / "certificate.pem")
    frame = suite.spark.sql("SELECT 'x' AS body")
    address = broker.address("tls")

    def send(**options):
        frame.write.format("amqp").mode("append").options(address=address, connectTimeout="60 seconds", **options).save()

    secure = f"amqps://localhost:{broker.tls_port}"
    send(url=secure, user="guest", password="guest", tlsAuthorities=authorities)
    source = suite.spark.readStream.format("amqp").options(url=secure, user="guest", password="guest", address=address)
    assert [row.body for batch in suite.rows(source.option("tlsAuthorities", authorities).load()) for row in batch] == ["x"]
    told = suite.refusal(lambda: send(url=broker.url, user="guest", password="wrong"))
    assert "refuses user guest" in told, told
    told = suite.refusal(lambda: send(url=secure, user="guest", password="guest", connectTimeout_="x"))
    assert "unknown option connectTimeout_; did you mean connectTimeout?" in told, told
    told = suite.refusal(lambda: send(url=secure, user="guest", password="guest"))
    assert "is not trusted" in told, told
    told = suite.refusal(lambda: send(url=secure.replace("localhost", "127.0.0.1"), user="guest", password="guest", tlsAuthorities=authorities))
    assert "is not trusted" in told and "127.0.0.1" in told, told
