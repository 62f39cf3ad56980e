-- the bound on groups of open windows
-- stateRowsMax: 3
INSERT INTO t SELECT body AS k, count(*) AS n FROM STREAM s GROUP BY window(time, '1 second'), body
-- input
{"time": 1, "body": "a"}
{"time": 2, "body": "b"}
{"time": 3, "body": "c"}
{"time": 1003, "body": "d"}
{"time": 1004, "body": "e"}
{"time": 1005, "body": "d"}
{"time": 1006, "body": "f"}
{"time": 1007, "body": "g"}
-- output
[STATE_LIMIT_EXCEEDED] the open windows hold more than 3 groups: make the window shorter or group by fewer values
