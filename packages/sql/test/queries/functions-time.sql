-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT date_trunc('hour', time) AS c0,
       date_trunc('MM', body) AS c1,
       date_format(time, 'yyyy-MM-dd HH:mm:ss.SSS') AS c2,
       to_timestamp(body) AS c3,
       to_timestamp(body, 'yyyy-MM-dd HH:mm') AS c4,
       try_to_timestamp(body) AS c5,
       to_timestamp(time) AS c6,
       timestamp_seconds(i) AS c7,
       timestamp_millis(b) AS c8,
       timestamp_micros(b) AS c9,
       unix_timestamp(time) AS c10,
       unix_seconds(time) AS c11,
       unix_millis(time) AS c12,
       unix_micros(time) AS c13,
       year(time) AS c14,
       month(time) AS c15,
       day(time) AS c16,
       dayofmonth(time) AS c17,
       dayofweek(time) AS c18,
       hour(time) AS c19,
       minute(time) AS c20,
       second(body) AS c21
FROM STREAM s
