-- error TYPE_MISMATCH
SELECT map('n', count(*)) AS properties FROM STREAM s GROUP BY window(time, '5 seconds')
