-- Licences: how many a tenant has, and who has one. The table itself refuses more than there are.
CREATE TABLE scim_seat_pool (
  tenant TEXT NOT NULL,
  bought INTEGER NOT NULL CHECK (bought >= 0),
  used   INTEGER NOT NULL DEFAULT 0,
  most   INTEGER NOT NULL, -- what was bought, or what was used when that became fewer
  PRIMARY KEY (tenant),
  CHECK (used >= 0 AND used <= most)
) WITHOUT ROWID;

CREATE TABLE scim_seat (
  tenant TEXT NOT NULL,
  id     TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
