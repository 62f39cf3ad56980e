-- plan
-- a comment
SELECT /* one /* nested */ */ body -- at the end
FROM STREAM s;
