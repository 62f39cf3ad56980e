-- bytes in, bytes out; the batch's buffer is not kept
INSERT INTO t SELECT body_bytes AS body, hex(body_bytes) AS subject FROM STREAM s
-- input
{"time": 1, "body": "abc"}
{"time": 2, "body": "é"}
-- output
{"address":"t","subject":"616263","body":{"hex":"616263"}}
{"address":"t","subject":"C3A9","body":{"hex":"c3a9"}}
{"rowsIn":2,"rowsOut":2}
