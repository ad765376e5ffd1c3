-- What needs a person now; a row goes when the cause has gone.
create table alarm (
    name text primary key,
    raised_at timestamptz not null,
    detail text not null
);
