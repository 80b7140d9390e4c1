namespace Compeer.Formats.Protobuf;

/// <summary>How a field's value is written. Groups (3, 4) are refused. Spec: protobuf encoding, "Message Structure".</summary>
public enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}
