-- error UNSUPPORTED
SELECT upper(body) FILTER (WHERE durable) AS a FROM STREAM s
