-- error SYNTAX
  -- nothing here

