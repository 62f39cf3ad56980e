-- Functions of times and DECIMAL.
INSERT INTO `engine/13-dates-decimals`
SELECT date_format(measured, 'yyyy-MM-dd HH:mm:ss.SSS') AS shown, date_trunc('MINUTE', measured) AS minute, hour(measured) AS hour,
       dayofweek(measured) AS day, unix_millis(measured) AS millis, timestamp_millis(unix_millis(measured) + 5000) AS later,
       round(price, 1) AS rounded, price / 3 AS third, price % 1.5 AS rest, CAST(price AS INT) AS whole, ceil(price) AS up,
       CAST(price AS DOUBLE) AS double, CAST(price AS STRING) AS text
FROM STREAM readings
WHERE measured < TIMESTAMP '2026-01-02 00:00:00'
