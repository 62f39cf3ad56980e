-- plan
SELECT 'it''s' AS c0,
       'a\'b' AS c1,
       '\n\t\\' AS c2,
       '\u0041\101' AS c3,
       '100\%' AS c4,
       r'\d+' AS c5,
       "say ""hi""" AS c6,
       '\q' AS c7
FROM STREAM s
