-- error UNSUPPORTED
SELECT address, count(*) AS n FROM STREAM s GROUP BY ALL
