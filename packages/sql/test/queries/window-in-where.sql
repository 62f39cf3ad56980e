-- error BAD_WINDOW
SELECT body FROM STREAM s WHERE window(time, '5 seconds').start > '2020-01-01'
