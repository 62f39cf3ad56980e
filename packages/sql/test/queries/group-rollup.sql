-- error UNSUPPORTED
SELECT address, count(*) AS n FROM STREAM s GROUP BY window(time, '5 seconds'), ROLLUP(address)
