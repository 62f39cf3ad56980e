-- plan
SELECT address, window.start FROM STREAM s GROUP BY window(time, '1 hour'), address
