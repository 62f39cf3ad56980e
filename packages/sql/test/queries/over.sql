-- error UNSUPPORTED
SELECT row_number() OVER (PARTITION BY address) AS n FROM STREAM s
