//! What a footer and the header of a page are made of: the field numbers and types of
//! [parquet.thrift](https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift),
//! as far as the decoder reads them. What is not in here it skips.

/// The type of a field.
#[derive(Clone, Copy)]
pub(super) enum Is {
    Truth,
    Byte,
    /// Of 16, 32 or 64 bits; enumerations, too.
    Integer,
    Double,
    /// A text, or bytes.
    Text,
    List(&'static Is),
    Struct(Shape),
}

/// A struct or union: its fields by number.
pub(super) type Shape = &'static [(u64, Is)];

use Is::{Byte, Double, Integer, List, Struct, Text, Truth};

/// `FileMetaData`.
pub(super) const FOOTER: Shape = &[
    (1, Integer),
    (2, List(&Struct(SCHEMA_ELEMENT))),
    (3, Integer),
    (4, List(&Struct(ROW_GROUP))),
    (5, List(&Struct(KEY_VALUE))),
    (6, Text),
    (7, List(&Struct(COLUMN_ORDER))),
];

/// `PageHeader`.
pub(super) const PAGE_HEADER: Shape = &[
    (1, Integer),
    (2, Integer),
    (3, Integer),
    (4, Integer),
    (5, Struct(DATA_PAGE_HEADER)),
    (6, Struct(&[])),
    (7, Struct(DICTIONARY_PAGE_HEADER)),
    (8, Struct(DATA_PAGE_HEADER_V2)),
];

const DATA_PAGE_HEADER: Shape =
    &[(1, Integer), (2, Integer), (3, Integer), (4, Integer), (5, Struct(STATISTICS))];

const DICTIONARY_PAGE_HEADER: Shape = &[(1, Integer), (2, Integer), (3, Truth)];

const DATA_PAGE_HEADER_V2: Shape = &[
    (1, Integer),
    (2, Integer),
    (3, Integer),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Truth),
    (8, Struct(STATISTICS)),
];

const SCHEMA_ELEMENT: Shape = &[
    (1, Integer),
    (2, Integer),
    (3, Integer),
    (4, Text),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (8, Integer),
    (9, Integer),
    (10, Struct(LOGICAL_TYPE)),
];

const LOGICAL_TYPE: Shape = &[
    (1, Struct(&[])),
    (2, Struct(&[])),
    (3, Struct(&[])),
    (4, Struct(&[])),
    (5, Struct(&[(1, Integer), (2, Integer)])),
    (6, Struct(&[])),
    (7, Struct(TIME)),
    (8, Struct(TIME)),
    (10, Struct(&[(1, Byte), (2, Truth)])),
    (11, Struct(&[])),
    (12, Struct(&[])),
    (13, Struct(&[])),
    (14, Struct(&[])),
    (15, Struct(&[])),
    (16, Struct(&[(1, Byte)])),
    (17, Struct(&[(1, Text)])),
    (18, Struct(&[(1, Text), (2, Integer)])),
];

const TIME: Shape =
    &[(1, Truth), (2, Struct(&[(1, Struct(&[])), (2, Struct(&[])), (3, Struct(&[]))]))];

const ROW_GROUP: Shape = &[
    (1, List(&Struct(COLUMN_CHUNK))),
    (2, Integer),
    (3, Integer),
    (4, List(&Struct(&[(1, Integer), (2, Truth), (3, Truth)]))),
    (5, Integer),
    (6, Integer),
    (7, Integer),
];

const COLUMN_CHUNK: Shape = &[
    (1, Text),
    (2, Integer),
    (3, Struct(COLUMN)),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Integer),
];

const COLUMN: Shape = &[
    (1, Integer),
    (2, List(&Integer)),
    (3, List(&Text)),
    (4, Integer),
    (5, Integer),
    (6, Integer),
    (7, Integer),
    (8, List(&Struct(KEY_VALUE))),
    (9, Integer),
    (10, Integer),
    (11, Integer),
    (12, Struct(STATISTICS)),
    (13, List(&Struct(&[(1, Integer), (2, Integer), (3, Integer)]))),
    (14, Integer),
    (15, Integer),
    (16, Struct(&[(1, Integer), (2, List(&Integer)), (3, List(&Integer))])),
    (17, Struct(&[(1, Struct(BOUNDING_BOX)), (2, List(&Integer))])),
];

const STATISTICS: Shape = &[
    (1, Text),
    (2, Text),
    (3, Integer),
    (4, Integer),
    (5, Text),
    (6, Text),
    (7, Truth),
    (8, Truth),
];

const BOUNDING_BOX: Shape = &[
    (1, Double),
    (2, Double),
    (3, Double),
    (4, Double),
    (5, Double),
    (6, Double),
    (7, Double),
    (8, Double),
];

const KEY_VALUE: Shape = &[(1, Text), (2, Text)];

const COLUMN_ORDER: Shape = &[(1, Struct(&[])), (2, Struct(&[]))];
