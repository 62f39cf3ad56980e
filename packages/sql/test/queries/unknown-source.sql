-- error UNKNOWN_SOURCE
-- addresses temperature, max
SELECT body FROM STREAM temperatur
