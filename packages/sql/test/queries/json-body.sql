-- plan
INSERT INTO readings SELECT address AS device, try_cast(body AS DOUBLE) AS celsius, time AS at, properties AS labels FROM STREAM `devices/+/temperature`
