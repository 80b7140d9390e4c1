using System.Runtime.InteropServices;

namespace Compeer.Network.SecureChannels;

/// <summary>The few functions of OpenSSL's libcrypto that .NET does not offer, or not as directly. .NET on Linux loads the same library.</summary>
internal static class LibCrypto
{
    /// <summary>NID_ED25519.</summary>
    public const int Ed25519 = 1087;

    /// <summary>NID_X25519.</summary>
    public const int X25519 = 1034;

    /// <summary>EVP_CTRL_AEAD_GET_TAG.</summary>
    public const int GetTag = 0x10;

    /// <summary>EVP_CTRL_AEAD_SET_TAG.</summary>
    public const int SetTag = 0x11;

    private const string Library = OpenSslLibraries.Crypto;

    static LibCrypto() => OpenSslLibraries.Register();

    [DllImport(Library, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    public static extern PublicKeyHandle NewPrivateKey(int type, IntPtr engine, ref byte key, nuint length);

    [DllImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    public static extern PublicKeyHandle NewPublicKey(int type, IntPtr engine, ref byte key, nuint length);

    [DllImport(Library, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    public static extern int GetPublicKey(PublicKeyHandle key, ref byte target, ref nuint length);

    [DllImport(Library, EntryPoint = "EVP_PKEY_free")]
    public static extern void FreeKey(IntPtr key);

    [DllImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    public static extern DigestContextHandle NewContext();

    [DllImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    public static extern void FreeContext(IntPtr context);

    [DllImport(Library, EntryPoint = "EVP_DigestSignInit")]
    public static extern int SignInit(DigestContextHandle context, IntPtr keyContext, IntPtr type, IntPtr engine, PublicKeyHandle key);

    [DllImport(Library, EntryPoint = "EVP_DigestSign")]
    public static extern int Sign(DigestContextHandle context, ref byte signature, ref nuint signatureLength, ref byte message, nuint messageLength);

    [DllImport(Library, EntryPoint = "EVP_DigestVerifyInit")]
    public static extern int VerifyInit(DigestContextHandle context, IntPtr keyContext, IntPtr type, IntPtr engine, PublicKeyHandle key);

    [DllImport(Library, EntryPoint = "EVP_DigestVerify")]
    public static extern int Verify(DigestContextHandle context, ref byte signature, nuint signatureLength, ref byte message, nuint messageLength);

    [DllImport(Library, EntryPoint = "EVP_PKEY_CTX_new")]
    public static extern AgreementHandle NewAgreement(PublicKeyHandle key, IntPtr engine);

    [DllImport(Library, EntryPoint = "EVP_PKEY_CTX_free")]
    public static extern void FreeAgreement(IntPtr context);

    [DllImport(Library, EntryPoint = "EVP_PKEY_derive_init")]
    public static extern int AgreeInit(AgreementHandle context);

    [DllImport(Library, EntryPoint = "EVP_PKEY_derive_set_peer")]
    public static extern int AgreeWith(AgreementHandle context, PublicKeyHandle peer);

    [DllImport(Library, EntryPoint = "EVP_PKEY_derive")]
    public static extern int Agree(AgreementHandle context, ref byte shared, ref nuint length);

    [DllImport(Library, EntryPoint = "EVP_aes_128_gcm")]
    public static extern IntPtr Aes128Gcm();

    [DllImport(Library, EntryPoint = "EVP_aes_256_gcm")]
    public static extern IntPtr Aes256Gcm();

    [DllImport(Library, EntryPoint = "EVP_chacha20_poly1305")]
    public static extern IntPtr ChaCha20Poly1305();

    [DllImport(Library, EntryPoint = "EVP_CIPHER_CTX_new")]
    public static extern CipherContextHandle NewCipherContext();

    [DllImport(Library, EntryPoint = "EVP_CIPHER_CTX_free")]
    public static extern void FreeCipherContext(IntPtr context);

    [DllImport(Library, EntryPoint = "EVP_CipherInit_ex")]
    public static extern int CipherInit(CipherContextHandle context, IntPtr cipher, IntPtr engine, ref byte key, IntPtr vector, int isSealing);

    // What follows runs for every message, so whoever calls it holds the handle once for all of it.
    [DllImport(Library, EntryPoint = "EVP_CipherInit_ex")]
    public static extern int CipherInit(IntPtr context, IntPtr cipher, IntPtr engine, IntPtr key, ref byte vector, int isSealing);

    [DllImport(Library, EntryPoint = "EVP_CipherUpdate")]
    public static extern int CipherUpdate(IntPtr context, IntPtr noTarget, out int written, ref byte associatedData, int length);

    [DllImport(Library, EntryPoint = "EVP_CipherUpdate")]
    public static extern int CipherUpdate(IntPtr context, ref byte target, out int written, ref byte input, int length);

    [DllImport(Library, EntryPoint = "EVP_CipherFinal_ex")]
    public static extern int CipherFinal(IntPtr context, ref byte target, out int written);

    [DllImport(Library, EntryPoint = "EVP_CIPHER_CTX_ctrl")]
    public static extern int ControlCipher(IntPtr context, int control, int length, ref byte tag);

    [DllImport(Library, EntryPoint = "ERR_clear_error")]
    public static extern void ClearErrors();

    /// <summary>An EVP_PKEY.</summary>
    public sealed class PublicKeyHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeKey(handle);
            return true;
        }
    }

    /// <summary>An EVP_PKEY_CTX.</summary>
    public sealed class AgreementHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeAgreement(handle);
            return true;
        }
    }

    /// <summary>An EVP_MD_CTX.</summary>
    public sealed class DigestContextHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeContext(handle);
            return true;
        }
    }

    /// <summary>An EVP_CIPHER_CTX.</summary>
    public sealed class CipherContextHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeCipherContext(handle);
            return true;
        }
    }
}
